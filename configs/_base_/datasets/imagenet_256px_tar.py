# ImageNet-1k at 256 pixels in tar files, as WebDataset writes them, in place of imagenet_256px.py:
# for tokenizer training and pre-training, which need no labels. Layout: data/imagenet_tar/*.tar.
_base_ = ['./imagenet_256px.py']

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='mmaddp.TarDataset',
            data_root='data/imagenet_tar/',
            shards='*.tar',
            pipeline=_base_.train_pipeline,
        )
    ),
)
