# Validation and test set for folder_256px.py: another folder of unlabelled images, flat or nested.
_base_ = ['./imagenet_256px_val.py']

val_pipeline = [dict(type='mmaddp.LoadRGBImage'), *_base_.val_pipeline[1:]]
val_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='mmaddp.CustomDataset',
            data_root='data/images/val',
            with_label=False,
            pipeline=val_pipeline,
        )
    )
)
test_dataloader = val_dataloader
