# Encoder and decoder of the base models: ViT-B, as released. Only defines variables.
width = 768
arch = 'base'
decoder = dict(in_channels=width, embed_dims=width, num_layers=8, num_heads=16)
