# Unlabelled images of any size at 256 pixels: everything below a folder, flat or nested. Images
# smaller than the crop are enlarged. Augmentation as for ImageNet; the EXIF orientation is applied.
#
# Another folder: --cfg-options train_dataloader.dataset.dataset.data_root=FOLDER
_base_ = ['./imagenet_256px.py']

train_pipeline = [dict(type='mmaddp.LoadRGBImage'), *_base_.train_pipeline[1:]]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='mmaddp.CustomDataset',
            data_root='data/images/train',
            with_label=False,
            pipeline=train_pipeline,
        )
    )
)
