# Encoder of the toys: two thin layers on patches of 8 pixels. Only defines variables.
width = 16
patch_size = 8
arch = dict(embed_dims=width, num_layers=2, num_heads=2, feedforward_channels=2 * width)
