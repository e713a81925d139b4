# Encoder and decoder of the tiny models: 4 layers, 128 wide. Only defines variables.
width = 128
arch = dict(embed_dims=width, num_layers=4, num_heads=4, feedforward_channels=4 * width)
decoder = dict(in_channels=width, embed_dims=width, num_layers=2, num_heads=4)
