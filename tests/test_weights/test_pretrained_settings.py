from mmaddp.weights.model import pretrained_settings


def test_weights_of_parts_are_found_wherever_they_stand():
    wanted = dict(type='Pretrained', checkpoint='a.pth')
    others = [dict(type='TruncNormal', checkpoint='b.pth'), dict(type='Pretrained')]
    later = dict(type=''.join(['Pre', 'trained']), checkpoint='c.pth')
    model = dict(
        type='ADDP',
        init_cfg=[*others, later],
        backbone=dict(init_cfg=wanted, neck=(dict(init_cfg=others[0]),)),
    )
    assert list(pretrained_settings(model)) == [
        ('model.init_cfg.2', model['init_cfg'], 2, later),
        ('model.backbone.init_cfg', model['backbone'], 'init_cfg', wanted),
    ]
    assert not list(pretrained_settings(others, 'parts'))
    assert not list(pretrained_settings('Pretrained'))
