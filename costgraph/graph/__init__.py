"""What is computed: ops on tensors with named dims, and how each kind of op behaves. Knows no cost."""
