"""Values of ``golden.py`` with two pictures, on a CPU in float32."""

GOLDEN: dict[str, dict[str, float]] = dict(
    toy=dict(loss=7.4707093, gradient=0.46173903, decoded=-0.03301578, ids=0.32916667),
    base=dict(loss=8.0954571, gradient=1.9451766, decoded=0.06614526, ids=0.49317074),
    large=dict(loss=8.0469732, gradient=2.5318201, decoded=0.27466926, ids=0.55484406),
)
