"""Counters of FLOPs, parameters and caches, to be read and not run: right ones, wrong ones, and what cannot be read."""


def flops_per_token(config, n_params):
    """Right, by the rule of PaLM's appendix."""
    n_layer, n_head, width = config.n_layer, config.n_head, config.n_embd // config.n_head
    return 6 * n_params + 12 * n_layer * n_head * width * config.block_size


def train_flops(config, n_params, batch_size, remat):
    """Wrong: attention is left out; with two cases."""
    factor = 8 if remat else 6
    return factor * n_params * batch_size * config.block_size


def kv_cache_bytes(config, batch_size, seq_len, bytes_per_param):
    """Wrong: keys without values."""
    size = batch_size * seq_len * config.n_layer * config.n_embd
    return size * bytes_per_param


def num_params(config):
    """Not read: a loop decides."""
    total = 0
    for _ in range(config.n_layer):
        total += 12 * config.n_embd**2
    return total * 1
