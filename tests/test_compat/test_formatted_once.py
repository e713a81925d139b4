"""A configuration's text is mmengine's, formatted again only when something has changed."""

from mmengine.config import Config

import mmaddp  # noqa: F401


def test_text_is_formatted_once_for_each_content(monkeypatch):
    calls = []

    def format_code(text, **style):
        calls.append(text)
        return f'# formatted\n{text}', True

    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', format_code)
    monkeypatch.setattr('mmengine.config.config.FormatCode', format_code, raising=False)
    cfg = Config(dict(model=dict(type='A', width=3), steps=[1, 2]))
    first = cfg.pretty_text
    assert first.startswith('# formatted\n') and 'width=3' in first
    assert cfg.pretty_text == first and Config(cfg.to_dict()).pretty_text == first
    assert len(calls) == 1
    cfg.model.width = 4
    assert 'width=4' in cfg.pretty_text and len(calls) == 2
    plain = Config(cfg.to_dict(), format_python_code=False)
    assert not plain.pretty_text.startswith('#') and len(calls) == 2
