# Encoder of the quickstart: three thin layers on patches of 8 pixels. Only defines variables.
width = 96
patch_size = 8
arch = dict(embed_dims=width, num_layers=3, num_heads=4, feedforward_channels=4 * width)
