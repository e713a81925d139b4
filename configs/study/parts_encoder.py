# The encoder of all arms: that of the tiny models of configs/own, on 8 x 8 patches of 4 pixels.
# Only defines variables.
width = 128
encoder = dict(
    arch=dict(embed_dims=width, num_layers=4, num_heads=4, feedforward_channels=4 * width),
    img_size=32,
    patch_size=4,
    in_channels=1,
    pos_std=0.5,
)
