import json


def test_a_training_that_fails_fails_the_tool(call_tool, tmp_path):
    runs = [dict(config='nothing.py', work_dir=str(tmp_path / 'w'), options={})]
    (tmp_path / 'runs.json').write_text(json.dumps(runs))
    done = call_tool('quickstart/train_several.py', 'runs.json')
    assert done.returncode == 1
    assert "No such file or directory: 'nothing.py'" in done.stdout
    assert not (tmp_path / 'w').exists()
