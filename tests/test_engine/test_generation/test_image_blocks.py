from mmaddp.engine.generation.image_blocks import image_blocks


def test_an_image_has_its_place_whatever_else_is_wanted():
    whole = image_blocks(range(10), 4)
    assert [(block.first, block.wanted) for block in whole] == [
        (0, (0, 1, 2, 3)),
        (4, (4, 5, 6, 7)),
        (8, (8, 9)),
    ]
    assert [list(block.indices) for block in whole][-1] == [8, 9, 10, 11]
    (first, second) = image_blocks([5, 9], 4)
    assert (first.indices, first.wanted) == (whole[1].indices, (5,))
    assert (second.indices, second.wanted) == (whole[2].indices, (9,))
