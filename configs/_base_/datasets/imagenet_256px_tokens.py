# Cached tokens of ImageNet-1k at 256 pixels, in place of imagenet_256px.py: eight augmented
# versions of each image, 1,281,167 x 8 x 512 bytes = 5.2 GB, made once by
#   python tools/dataset_converters/cache_tokens.py \
#       configs/tokenizer/vqgan-f16_8xb32-amp-coslr-100e_in1k-256px.py mmaddp://vqgan \
#       --out data/imagenet_tokens --num-views 8
# The pipeline is not run: a cache that was made with another one is refused.
_base_ = ['./imagenet_256px.py']

train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='mmaddp.TokenDataset',
            data_root='data/imagenet_tokens/',
            num_codes=1024,
            pipeline=_base_.train_pipeline,
        )
    ),
)
