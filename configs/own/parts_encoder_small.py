# Encoder and decoder of the small models: the encoder is of the size of ViT-S. Only defines
# variables. Tables start larger than in the released models, as docs/own_rules.md explains.
width = 384
arch = dict(embed_dims=width, num_layers=12, num_heads=6, feedforward_channels=4 * width)
decoder = dict(in_channels=width, embed_dims=width, num_layers=4, num_heads=6, table_std=0.04)
