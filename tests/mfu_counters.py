"""Small files with the shape of public counters of FLOPs and bytes; what is in braces is where a fault was repaired."""

from __future__ import annotations

NANO = """
class GPT(Module):
    def get_num_params(self, non_embedding=True):
        n_params = sum(p.numel() for p in self.parameters())
        if non_embedding:
            n_params -= self.transformer.wpe.weight.numel()
        return n_params

    def estimate_mfu(self, fwdbwd_per_iter, dt):
        N = self.get_num_params({})
        cfg = self.config
        L, H, Q, T = cfg.n_layer, cfg.n_head, cfg.n_embd//cfg.n_head, cfg.block_size
        flops_per_token = 6*N + 12*L*H*Q*T
        flops_per_fwdbwd = flops_per_token * T
        flops_per_iter = flops_per_fwdbwd * fwdbwd_per_iter
        flops_achieved = flops_per_iter * (1.0/dt)
        mfu = flops_achieved / 312e12
        return mfu
"""
TITAN = """
def get_num_flop_per_token(model, model_config, seq_len):
    num_params = sum(p.numel() for p in model.parameters())
    num_params -= {}
    l, h, q, t = (
        model_config.n_layers, model_config.n_heads, model_config.dim // model_config.n_heads, seq_len,
    )
    flop_per_token = 6 * num_params + {} * l * h * q * t
    return flop_per_token
"""
MEGATRON = """
def num_floating_point_operations(args, batch_size):
    # Group Query Attention.
    if not args.group_query_attention:
        args.num_query_groups = args.num_attention_heads
    # MoE.
    num_experts_routed_to = 1 if args.num_experts is None else args.moe_router_topk
    gated_linear_multiplier = 3 / 2 if args.swiglu else 1
    return (
        12 * batch_size * args.seq_length * args.num_layers * args.hidden_size * args.hidden_size
        * (
            1
            + ((args.ffn_hidden_size / args.hidden_size) * num_experts_routed_to * gated_linear_multiplier)
            + {}
            + (args.seq_length / args.hidden_size)
            + (args.padded_vocab_size / (2 * args.num_layers * args.hidden_size))
        )
    )
"""
MAXTEXT = """
def calculate_tflops_training_per_device(config):
    total_ffn_flops = 2*config.batch_size*config.seq_len*config.mlp_dim*config.emb_dim*3
    heads = config.num_query_heads + 2*config.num_kv_heads
    qkv_flops = 2*config.batch_size*config.seq_len*config.emb_dim*heads*config.head_dim
    noncausal_attention_flops = 4*config.batch_size*config.seq_len**2*config.num_query_heads*config.head_dim
    attention_flops = noncausal_attention_flops{}
    projection_flops = 2*config.batch_size*config.seq_len*config.emb_dim*config.num_query_heads*config.head_dim
    embedding_flops = 2*config.batch_size*config.seq_len*config.emb_dim*config.vocab_size
    weight_flops = (total_ffn_flops + qkv_flops + projection_flops)*config.num_decoder_layers + embedding_flops
    learnable_weight_tflops = weight_flops*3/10**12
    attention_tflops = attention_flops*config.num_decoder_layers*3/10**12
    total_tflops = learnable_weight_tflops + attention_tflops
    return total_tflops
"""
FOUNDRY = """
class ComposerModel:
    def flops_per_batch(self, batch):
        bs, msl = batch["input_ids"].shape[0:2]
        return self.flops_per_sequence(msl)*bs

def flops_per_sequence(model, config, seq_len):
    n_params = sum(p.numel() for p in model.parameters())
    params_flops_per_token = 2 * n_params
    params_flops_per_seq = params_flops_per_token * seq_len
    attn_flops_per_seq = config.n_layers * 2 * {} * (config.d_model * (seq_len**2))
    return params_flops_per_seq * 3 + attn_flops_per_seq * 3
"""
VERL = """
def _estimate_llama_flops(config, tokens_sum, batch_size, seq_len, delta_time):
    hidden_size = config.hidden_size
    vocab_size = config.vocab_size
    num_hidden_layers = config.num_hidden_layers
    num_key_value_heads = config.num_key_value_heads
    num_attention_heads = config.num_attention_heads
    intermediate_size = config.intermediate_size
    head_dim = getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
    q_size = num_attention_heads * head_dim
    k_size = num_key_value_heads * head_dim
    v_size = num_key_value_heads * head_dim
    mlp_N = hidden_size * intermediate_size * 3
    attn_linear_N = hidden_size * (q_size + k_size + v_size + num_attention_heads * head_dim)
    emd_and_lm_head_N = vocab_size * hidden_size * 2
    dense_N = (mlp_N + attn_linear_N) * num_hidden_layers + emd_and_lm_head_N
    dense_N_flops = 6 * dense_N * batch_size * seq_len
    seqlen_square_sum = batch_size * seq_len * seq_len
    attn_qkv_flops = {} * seqlen_square_sum * head_dim * num_attention_heads * num_hidden_layers
    flops_all_token = dense_N_flops + attn_qkv_flops
    flops_achieved = flops_all_token * (1.0 / delta_time) / 1e12
    return flops_achieved
"""
NEMO = """
def llama3_flops(config):
    return (
        config.batch_size * config.seq_len * config.num_layers * config.hidden_size * config.hidden_size
        * (
            12
            + (12 * config.num_query_groups / config.num_attention_heads)
            + ({} * config.ffn_hidden_size / config.hidden_size)
            + (12 * config.seq_len / config.hidden_size)
            + (6 * config.vocab_size / (config.num_layers * config.hidden_size))
        )
    )
"""
LEVANTER = """
def lm_flops_per_token(hidden_dim, intermediate_dim, num_layers, num_kv_heads, num_heads, seq_len, vocab_size, glu):
    head_dim = hidden_dim / num_heads
    mlp = 2 * ({}) * hidden_dim * intermediate_dim
    qkv_proj = 2 * hidden_dim * (num_heads * head_dim + 2 * num_kv_heads * head_dim)
    dense_proj = 2 * hidden_dim * hidden_dim
    attn = 4 * seq_len * num_heads * head_dim
    lm_head = 2 * hidden_dim * vocab_size
    return num_layers * (mlp + qkv_proj + dense_proj + attn) + lm_head
"""
LITGPT = """
def flops_per_param(max_seq_length, n_layer, n_embd, n_params):
    flops_per_token = 2 * n_params
    flops_per_seq = flops_per_token * max_seq_length
    attn_flops_per_seq = n_layer * 2 * 2 * (n_embd * (max_seq_length**2))
    return flops_per_seq + attn_flops_per_seq

def training_flops_per_sequence(model, training):
    n_params = sum(p.numel() for p in model.parameters())
    total_flops = {} * flops_per_param(model.max_seq_length, model.config.n_layer, model.config.n_embd, n_params)
    return total_flops
"""
FLUX = """
def num_flops_per_token(num_params, hidden_size, depth, seq_len):
    num_flops_per_token = 6 * num_params
    num_flops_per_token += {} * hidden_size * seq_len * depth
    return num_flops_per_token
"""
CACHE = """
def kv_cache_size_gb(batch_size, context_len, config, dtype_bytes=2):
    head_dim = config.hidden_size // config.num_attention_heads
    per_token = 2 * config.num_hidden_layers * config.{} * head_dim * dtype_bytes
    return batch_size * context_len * per_token / {}
"""
OLMO = """
class TransformerConfig:
    def num_flops_per_token(self, seq_len):
        n, l, h, t = self.num_non_embedding_params, self.n_layers, self.block.attention.n_heads, seq_len
        q = self.d_model // h
        flop_per_token = 6 * n + {} * l * h * q * t
        return flop_per_token
"""
CHECKPOINT = """
def hardware_flops(batch_size, seq_len, num_layers, hidden_size, vocab_size, checkpoint_activations):
    factor = {} if checkpoint_activations else 3
    layer = 24*batch_size*seq_len*hidden_size**2 + 4*batch_size*seq_len**2*hidden_size
    return factor*num_layers*layer + 6*batch_size*seq_len*hidden_size*vocab_size
"""
DENSE = """
def dense_nparams_and_flops(model, n_layers, n_heads, head_dims, seq_len, tied=False):
    nparams = sum(p.numel() for p in model.parameters())
    tables = sum(sum(p.numel() for p in m.parameters()) for m in model.modules() if isinstance(m, nn.Embedding))
    num_flops_per_token = 6 * (nparams - tables) + {} * n_layers * n_heads * head_dims * seq_len
    return nparams, num_flops_per_token
"""
MODULE_LOOP = """
class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.apply(self._init_weights)

    def num_flops_per_token(self, seq_len):
        n = sum(p.numel() for p in self.parameters())
        for m in self.modules():
            if isinstance(m, nn.Embedding):
                n -= m.weight.numel()
        l, h, q = self.config.n_layer, self.config.n_head, self.config.n_embd // self.config.n_head
        return {}*n + 12*l*h*q*seq_len
"""
BLOCKS = """
def get_flops(
    num_layers, hidden_size, num_heads, num_key_value_heads, vocab_size, seq_len, ffn_hidden_size, batch_size
):
    if num_key_value_heads is None:
        num_key_value_heads = num_heads
    head = hidden_size // num_heads
    tokens = batch_size*seq_len
    decoder_qkv_proj_flops_fwd = 2*num_layers*tokens*hidden_size*head*(num_heads + 2*num_key_value_heads)
    decoder_qk_logits_flops_fwd = 2*num_layers*tokens*num_heads*head*seq_len
    decoder_v_logits_flops_fwd = 2*num_layers*tokens*num_heads*head*seq_len
    decoder_attn_out_flops_fwd = 2*num_layers*tokens*num_heads*head*hidden_size
    decoder_ffn_1_flops_fwd = {}*num_layers*tokens*hidden_size*ffn_hidden_size
    decoder_ffn_2_flops_fwd = 2*num_layers*tokens*ffn_hidden_size*hidden_size
    decoder_flops_fwd = (
        decoder_qkv_proj_flops_fwd + decoder_qk_logits_flops_fwd + decoder_v_logits_flops_fwd
        + decoder_attn_out_flops_fwd + decoder_ffn_1_flops_fwd + decoder_ffn_2_flops_fwd
    )
    lm_head_flops_fwd = 2*tokens*hidden_size*vocab_size
    model_flops = 3*(decoder_flops_fwd + lm_head_flops_fwd)
    hardware_flops = model_flops
    return model_flops, hardware_flops
"""
NESTED = """
def num_floating_point_operations(args, batch_size):
    def mlp_layer_flops(batch_size, seq_len, hidden_size, expansion=4.0, swiglu=False):
        scale = 3.0 / 2.0 if swiglu else 1.0
        return 4 * expansion * scale * batch_size * seq_len * hidden_size ** 2

    def attn_layer_flops(batch_size, seq_len, hidden_size, num_heads, groups=8, kv_channels=None):
        p = (kv_channels * num_heads / hidden_size) if kv_channels else 1
        wide = hidden_size + hidden_size * (groups / num_heads) + seq_len {}
        return 4 * batch_size * seq_len * hidden_size * p * wide

    def total(seq_len, num_layers, hidden_size, heads, groups):
        expansion = args.ffn_hidden_size / args.hidden_size
        return 3 * (
            num_layers * attn_layer_flops(batch_size, seq_len, hidden_size, heads, groups, args.kv_channels)
            + num_layers * mlp_layer_flops(batch_size, seq_len, hidden_size, expansion, True)
            + 2 * batch_size * seq_len * hidden_size * args.padded_vocab_size
        )

    return total(
        args.seq_length, args.num_layers, args.hidden_size, args.num_attention_heads, args.num_query_groups
    )
"""
CALLBACK = """
class Callback:
    def __init__(self, model, args):
        self.model, self.args = model, args

    def on_step_end(self, dt):
        n = sum(p.numel() for p in self.model.parameters())
        train_flops = {} * n * self.args.batch_size * self.args.seq_len
        train_flops += 12 * self.args.num_layers * self.args.d_model * self.args.batch_size * self.args.seq_len ** 2
        peak = 312e12
        mfu = 100 * train_flops / (dt * peak)
        return mfu
"""
TRL = """
def floating_point_ops(self, inputs, exclude_embeddings=True):
    return 6 * self.estimate_tokens(inputs) * self.num_parameters(exclude_embeddings=exclude_embeddings)
"""
MEMORY = """
def model_states_bytes(num_params, mixed_precision=True, zero_stage=0):
    weights = 2 * num_params
    gradients = {} * num_params
    optimizer = 12 * num_params
    return weights + gradients + optimizer

def activation_memory_bytes(b, s, h, a, L):
    return s*b*h*L*({} + 5*a*s/h)
"""
MOE = """
def get_flops(config, tokens, seq_len):
    attn = config.hidden_size * config.head_dim * (2*config.num_attention_heads + 2*config.num_key_value_heads)
    ffn = 3 * config.hidden_size * config.moe_intermediate_size * config.{}
    gate = config.hidden_size * config.num_experts
    per_layer = attn + ffn + gate
    flops_per_token = 6*(config.num_hidden_layers*per_layer + config.vocab_size*config.hidden_size)
    flops_per_token += 12*config.num_hidden_layers*config.num_attention_heads*config.head_dim*seq_len
    return flops_per_token * tokens
"""
