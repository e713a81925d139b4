from mmengine.config import Config

from mmaddp.run.file_checks import require_file_checks


def names(cfg, loader):
    return [step['type'] for step in cfg[loader].dataset.dataset.pipeline]


def test_hosts_pipelines_get_the_check_in_front_of_their_loader():
    def loader(*pipeline):
        dataset = dict(type='CocoDataset', pipeline=[dict(type=name) for name in pipeline])
        return dict(dataset=dict(type='RepeatDataset', times=2, dataset=dataset))

    cfg = Config(
        dict(
            train_dataloader=loader('First', 'mmdet.LoadImageFromFile', 'Resize'),
            val_dataloader=loader('mmaddp.CheckImageFile', 'LoadImageFromFile'),
            test_dataloader=loader('mmaddp.LoadRGBImage'),
        )
    )
    cfg.train_dataloader.dataset.dataset.pipeline[1].backend_args = dict(backend='local')
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader', 'absent')
    for _ in range(2):
        require_file_checks(cfg, loaders)
        steps = ['First', 'mmaddp.CheckImageFile', 'mmdet.LoadImageFromFile', 'Resize']
        assert names(cfg, 'train_dataloader') == steps
    check = cfg.train_dataloader.dataset.dataset.pipeline[1]
    assert check['backend_args'] == dict(backend='local')
    assert names(cfg, 'val_dataloader') == ['mmaddp.CheckImageFile', 'LoadImageFromFile']
    assert names(cfg, 'test_dataloader') == ['mmaddp.LoadRGBImage']


def test_label_maps_of_hosts_pipelines_are_checked_where_there_are_some():
    def loader(**prefix):
        steps = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
        return dict(dataset=dict(type='X', data_prefix=prefix, pipeline=steps))

    cfg = Config(
        dict(
            train_dataloader=loader(img_path='a', seg_map_path='b'), val_dataloader=loader(img='a')
        )
    )
    for _ in range(2):
        require_file_checks(cfg, ('train_dataloader', 'val_dataloader'))
        found = [step['type'] for step in cfg.train_dataloader.dataset.pipeline]
        assert found[2:] == ['mmaddp.CheckLabelMap', 'LoadAnnotations']
        found = [step['type'] for step in cfg.val_dataloader.dataset.pipeline]
        assert found[1:] == ['LoadImageFromFile', 'LoadAnnotations']
