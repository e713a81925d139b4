# Encoder and decoder of the large models: ViT-L, as released. Only defines variables.
width = 1024
arch = 'large'
decoder = dict(in_channels=width, embed_dims=width, num_layers=8, num_heads=16)
