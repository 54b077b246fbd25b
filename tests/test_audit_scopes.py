"""What code gives to names, fields and items before a formula reads them, and which function a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from costgraph.library.auditing.audit import audit

TRAIN = "def train_flops(cfg, B, S):\n  {}\n  return 12*cfg.n_layer*B*S*cfg.n_embd*(6*cfg.n_embd + S)\n"


def judged(tmp_path: Path, source: str) -> list[tuple[str, str]]:
    """What becomes of each formula of a file, and why."""
    path = tmp_path / "a.py"
    path.write_text(source, encoding="utf-8")
    return [(one.outcome, one.said) for one in audit(str(path), limit="E=4")]


WRITES = [
    # what stands before a right formula -> what becomes of it
    ("pass", ["agrees"]),
    ('cfg["n_layer"] = 2*cfg["n_layer"]', ["differs"]),
    ('cfg["n_layer"] *= 2', ["differs"]),
    ("cfg.n_layer += cfg.n_layer", ["differs"]),
    ("cfg.update(n_layer=2)", ["not read"]),
    ("cfg.__dict__.update(n_layer=2)", ["not read"]),
    ('setattr(cfg, "n_layer", 2)', ["not read"]),
    ('setattr(cfg, "n_other", 2)', ["agrees"]),
    ('object.__setattr__(cfg, "n_layer", 2)', ["not read"]),
    ('vars(cfg)["n_layer"] = 2', ["not read"]),
    ("cfg[key] = 2", ["not read"]),
    ("del cfg.n_layer", ["not read"]),
    ("c = cfg; c.n_layer = 2", ["differs"]),
    ("cfg = load()", ["agrees"]),
    ("cfg = load(); c = cfg; c.n_layer = 2", ["not read"]),
    ("cfg = load(); c = cfg; c.text.n_layer = 2", ["not read"]),
    ("c = cfg; cfg = load()", ["agrees"]),
    ("c = cfg; c.n_layer = 2; cfg = load()", ["agrees"]),
    ("c = cfg; cfg = load(); cfg.n_layer = 2", ["differs"]),
    ("c = cfg; cfg = load(); cfg.n_layer = 2; cfg = c", ["not read"]),
    ("c = cfg; cfg = load(); cfg = c", ["agrees"]),
    ("c = cfg; c.n_layer = 2; cfg = load(); cfg = c", ["differs"]),
    ("c = cfg; cfg = load(); cfg = replace(c, n_layer=c.n_layer)", ["not read"]),
    ("old = cfg; cfg = load(); S = old.n_layer/cfg.n_layer*S", ["not read"]),  # two objects in one formula
    ("setattr(cfg, key, 2)", ["not read"]),
    ("cfgs = [cfg]; cfgs[0].n_layer = 2", ["not read"]),
    ("cfgs[0]['n_layer'] = 2", ["not read"]),
    ("table[0] = 2", ["agrees"]),
    ("exec('cfg.n_layer = 2')", ["not read"]),
    ("globals()['S'] = 2", ["not read"]),
    ("y = cfg.pop('n_layer')", ["not read"]),
    ("y = fix_config(cfg)", ["not read"]),
    ("y = utils.patch(cfg)", ["not read"]),
    ("y = dtype_of(cfg)", ["agrees"]),
    ("cfg = replace(cfg, n_layer=2)", ["not read"]),
    ('cfg = {**cfg, "n_layer": 2}', ["not read"]),
    ("patch(cfg)", ["not read"]),
    ("print(cfg); logger.info(cfg); check_config(cfg)", ["agrees"]),
    ("model.eval()", ["agrees"]),
    ("for i in range(3): cfg['n_layer'] += i", ["not read"]),
    ("if deep: cfg.n_layer = 2", ["differs", "agrees"]),
    ("S: int", ["agrees"]),
    ("S = table[0]", ["not read"]),
    ("B, S = tokens.shape", ["agrees"]),
    ("B, S = tokens.size()", ["agrees"]),
    ("B, S = sizes(tokens)", ["not read"]),
    ("B, *S = tokens", ["not read"]),
    ("with context() as S: pass", ["not read"]),
    ("[S := 2 for _ in tokens]", ["not read"]),
    ("B, S = B, S", ["agrees"]),
    ("B, S = S, B", ["differs"]),
    ("B, S = S, B; B, S = S, B", ["agrees"]),
    ("S, B = S + 0*B, B", ["agrees"]),
    ("def double():\n    nonlocal S\n    S *= 2", ["not read"]),
    ("def double():\n    S = 2", ["agrees"]),
    ("class Sizes:\n    S = 2", ["agrees"]),
]


@pytest.mark.parametrize(("before", "outcomes"), WRITES)
def test_what_was_given_something_is_that_from_then_on(tmp_path: Path, before: str, outcomes: list[str]) -> None:
    assert [outcome for outcome, _ in judged(tmp_path, TRAIN.format(before))] == outcomes


GROW = "def grow(c, deep=True):\n  {}\n  return c\n"
CALLS = [
    # the body of a function, how it is called before a right formula -> what becomes of the formula
    ("c.n_layer *= 2", "cfg = grow(cfg)", ["not read"]),
    ("c.n_layer *= 2", "y = grow(c=cfg)", ["not read"]),
    ("c.n_layer *= 2", "y = grow(cfg).n_head", ["not read"]),
    ("c.n_layer *= 2", "if grow(cfg): pass", ["not read", "not read"]),
    ("c['n_layer'] *= 2", "y = grow(cfg)", ["not read"]),
    ("setattr(c, 'n_layer', 2)", "y = grow(cfg)", ["not read"]),
    ("d = c; d.n_layer = 2", "y = grow(cfg)", ["not read"]),
    ("c.update(n_layer=2)", "y = grow(cfg)", ["not read"]),
    ("vary(c)", "y = grow(cfg)", ["not read"]),
    ("y = grow(c)", "y = grow(cfg)", ["not read"]),
    ("c.n_head *= 2", "y = grow(cfg)", ["agrees"]),
    ("c = load(); c.n_layer = 2", "y = grow(cfg)", ["not read"]),
    ("y = c.n_layer*2", "y = grow(cfg)", ["agrees"]),
    ("cfg.n_layer = 2", "y = grow(other)", ["not read"]),
    ("c.n_layer *= 2", "y = grow(other)", ["agrees"]),
]


@pytest.mark.parametrize(("body", "call", "outcomes"), CALLS)
def test_what_a_function_does_to_an_object_is_not_known_behind_it(
    tmp_path: Path, body: str, call: str, outcomes: list[str]
) -> None:
    found = judged(tmp_path, GROW.format(body) + TRAIN.format(call))
    assert [outcome for outcome, _ in found] == outcomes


RIGHT, WRONG = "12*c.n_layer*c.n_embd**2", "7*c.n_layer*c.n_embd**2"
SCOPES = [
    # a file -> what becomes of its formulas
    (f"class A:\n  def n(self, c):\n    return {RIGHT}\n  def num_params(self, c):\n    return self.n(c)\n"
     f"class B:\n  def n(self, c):\n    return {WRONG}\n", ["agrees"]),
    (f"class A:\n  def n(self, c):\n    return {RIGHT}\nclass B(A):\n  def num_params(self, c):\n    return self.n(c)\n"
     f"class C:\n  def n(self, c):\n    return {WRONG}\n", ["agrees"]),
    (f"def n(c):\n  return {RIGHT}\nclass B:\n  def n(self, c):\n    return {WRONG}\ndef num_params(c):\n"
     "  return n(c)\n", ["agrees"]),
    (f"if old:\n  def n(c):\n    return {RIGHT}\nelse:\n  def n(c):\n    return {WRONG}\n"
     "def num_params(c):\n  return n(c)\n", ["not read"]),
    (f"class A:\n  def n(self, c):\n    return {RIGHT}\ndef num_params(c, other):\n  return other.n(c)\n",
     ["not read"]),
    (f"class A:\n  def n(self, c):\n    return {RIGHT}\ndef num_params(c):\n  return n(c)\n", ["not read"]),
    (f"class A:\n  def n(c):\n    return {RIGHT}\ndef num_params(c):\n  return A.n(c)\n", ["agrees"]),
    (f"def num_params(c):\n  def n():\n    return {RIGHT}\n  return n()\ndef n():\n  return {WRONG}\n", ["agrees"]),
    ("def outer(c):\n  n_layer = 2*c.n_layer\n  def num_params(n_embd):\n    return 12*n_layer*n_embd**2\n",
     ["not read"]),
    ("def outer(c):\n  n_layer = 2*c.n_layer\n  def num_params(n_layer, n_embd):\n    return 12*n_layer*n_embd**2\n",
     ["agrees"]),
    ("n_layer = 2*cfg.n_layer\ndef num_params(n_embd):\n  return 12*n_layer*n_embd**2\n", ["differs"]),
    ("n_layer = 2\ndef num_params(n_layer, n_embd):\n  return 12*n_layer*n_embd**2\n", ["agrees"]),
    ("n_layer = table[0]\ndef num_params(n_embd):\n  return 12*n_layer*n_embd**2\n",
     ["not read"]),
    ("def n(c):\n  return 12*c.n_layer*c.n_embd**2\ndef num_params(c):\n  c.n_layer *= 2\n  return n(c)\n",
     ["differs"]),
    ("def n(n_layer):\n  return 12*n_layer*n_embd**2\ndef num_params(t):\n  n_layer = t[0]\n  return n(n_layer)\n",
     ["not read"]),
    ("def h(a, b):\n  return 12*a*b**2\ndef num_params(c, sizes):\n  return h(*sizes)\n"
     f"def count_params(c):\n  return {RIGHT}\n", ["not read", "agrees"]),
    ("def h(a, b):\n  return 12*a*b**2\ndef num_params(c, sizes):\n  return h(**sizes)\n", ["not read"]),
    (f"@twice\ndef n(c):\n  return {RIGHT}\ndef num_params(c):\n  return n(c)\n", ["not read"]),
    (f"@contextmanager\ndef n(c):\n  yield {RIGHT}\ndef num_params(c):\n  return n(c)\n", ["not read"]),
    (f"@functools.lru_cache(None)\ndef n(c):\n  return {RIGHT}\ndef num_params(c):\n  return n(c)\n", ["agrees"]),
    ("class GPT:\n  def get_num_params(self):\n    return total - tables\n"
     "def num_params(model):\n  return 1*model.get_num_params()\n", ["not read"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "outcomes"), SCOPES)
def test_a_function_is_the_one_that_its_name_means_there(tmp_path: Path, source: str, outcomes: list[str]) -> None:
    found = [one for one, why in judged(tmp_path, source) if "total" not in why]
    assert found[-len(outcomes) :] == outcomes


INIT = "  def __init__(self, config):\n    self.d, self.n = config.hidden_size, config.n_layer\n"
OF_SELF = [
    # the body of a class -> what becomes of 12*self.n*self.d**2 in one of its methods
    (INIT, "agrees"),
    (INIT.replace("config.h", "2*config.h"), "differs"),
    (INIT + "  def grow(self):\n    self.d *= 2\n", "not read"),
    (INIT + "    if config.deep:\n      self.n = 2\n", "not read"),
    (INIT + "    self.n = table[0]\n", "not read"),
    (INIT + "    self.update(config)\n", "not read"),
    (INIT + "    config.n_layer = 3\n", "agrees"),
    (INIT.replace("    self", "    config.n_layer = 3\n    self"), "differs"),
    ("  def __init__(self, n, d):\n    self.n, self.d = n, d\n", "not read"),  # in letters of its own
    ("  def __init__(self, n_layer, n_embd):\n    self.n, self.d = n_layer, n_embd\n", "agrees"),
    ("  def __post_init__(self):\n    self.n, self.d = self.n_layer, self.n_embd\n", "agrees"),
    ("  def setup(self):\n    self.n, self.d = self.cfg.n_layer, self.cfg.n_embd\n", "agrees"),
    ("  @property\n  def n(self):\n    return self.n_layer\n  @property\n  def d(self):\n    return self.n_embd\n",
     "agrees"),
    ("  @functools.cached_property\n  def n(self):\n    return 2*self.n_layer\n" + INIT.replace(", self.n", ", self.m"),
     "differs"),
    (INIT + "  def __setattr__(self, name, value):\n    vars(self)[name] = 2*value\n", "not read"),
    (INIT + "  def __getattribute__(self, name):\n    return 2\n", "not read"),
    ("  @property\n  def n(self):\n    return load()\n" + INIT.replace(", self.n", ", self.m"), "not read"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "outcome"), OF_SELF)
def test_a_field_is_what_it_was_made(tmp_path: Path, body: str, outcome: str) -> None:
    source = f"class GPT:\n{body}  def num_params(self):\n    return 12*self.n*self.d**2\n"
    assert judged(tmp_path, source)[-1][0] == outcome


def test_a_field_of_another_class_or_another_object_is_not_that_of_self(tmp_path: Path) -> None:
    base = f"class A:\n{INIT}class B(A):\n{{}}  def num_params(self{{}}):\n    return 12*self.n*self.d**2\n"
    own = "  def __init__(self, config):\n    super().__init__(config)\n"
    for more, argument, outcome in [("", "", "agrees"), (own, "", "not read"), ("", ", config", "not read")]:
        assert judged(tmp_path, base.format(more, argument))[-1][0] == outcome
    renamed = base.format("", "").replace("self.n*", "self.n_layer*").replace("self.d", "self.n_embd")
    written = "  def build(self):\n    self.n_layer = 2*self.n_layer\n"
    assert judged(tmp_path, renamed)[-1][0] == "agrees"
    assert judged(tmp_path, renamed + written)[-1][0] == "not read"


ROUNDED = [
    # what a count of the cache is -> what becomes of it
    ("int({})", "agrees"),
    ("round(float({}))", "agrees"),
    ("round({}, -12)", "not read"),
    ("round({}, 2)", "agrees"),
    ("int({}/2)*1", "agrees"),
    ("int({}/4)*2", "not read"),
    ("int({}*1.5)", "not read"),
    ("int({}*S/(6*D))", "not read"),
    ("int(float({})/3.0)*3", "not read"),
    ("round({}/S + 1)*S", "not read"),
    ("float({}/3)*3", "agrees"),
]


@pytest.mark.parametrize(("text", "outcome"), ROUNDED)
def test_what_is_rounded_is_read_where_it_is_whole(tmp_path: Path, text: str, outcome: str) -> None:
    half = "/2)*1" in text
    source = f"def kv_cache_bytes(B, S, L, D, p):\n  return {text.format('4*B*S*L*D*p' if half else '2*B*S*L*D*p')}\n"
    assert [one for one, _ in judged(tmp_path, source)] == [outcome]


LISTED = [
    ("def num_params(c):\n  for x in c:\n    return {}\n", ["not read"]),
    ("def num_params(c):\n  while True:\n    return {}\n", ["not read"]),
    ("def num_params(c):\n  for x in c:\n    pass\n  else:\n    return {}\n", ["not read"]),
    ("def num_params(c):\n  try:\n    return {}\n  except KeyError:\n    return 2*c.x\n", ["agrees", "not read"]),
    ("def num_params(c):\n  try:\n    return {}\n  except KeyError:\n    return 0\n", ["agrees"]),
    ("def costs(c):\n  return Costs(n_params={}, flops=table[0])\n", ["agrees", "not read"]),
    ("def costs(c):\n  return dict(n_params={})\n", ["agrees"]),
    ("def costs(c, d):\n  d['n_params'] = {}\n", ["agrees"]),
]


@pytest.mark.parametrize(("source", "outcomes"), LISTED)
def test_what_is_given_back_anywhere_is_listed(tmp_path: Path, source: str, outcomes: list[str]) -> None:
    assert [one for one, _ in judged(tmp_path, source.format(RIGHT))] == outcomes
