# Token predictor of the tiny models, without dropout: ids are drawn from its distribution as it is.
# Only defines a variable; the number of codes comes from the tokenizer.
token_predictor = dict(
    type='mmaddp.MAGEPredictor',
    embed_dims=128,
    num_layers=2,
    num_heads=4,
    decoder_embed_dims=128,
    decoder_num_layers=2,
    decoder_num_heads=4,
    drop_rate=0.0,
    num_class_ids=1,
    table_std=0.12,
)
