"""The mesh: over which axes of devices a model is spread, and what each of them splits; a file for each axis.

An axis says which dims are split while something is computed, which rest in parts, and of which tensors at rest the
elements are cut evenly. It contains no volume: what is sent follows in `passes/place.py` from where tensors lie and
where they are needed.
"""

from costgraph.mesh.axis import Axis, Split
from costgraph.mesh.context import ContextAxis
from costgraph.mesh.cut import Cut, devices
from costgraph.mesh.data import DataAxis
from costgraph.mesh.experts import ExpertsAxis
from costgraph.mesh.mesh import AXES, ONE_DEVICE, USUAL_ORDER, Axes, Mesh
from costgraph.mesh.microbatches import MicrobatchesAxis
from costgraph.mesh.pipeline import PipelineAxis
from costgraph.mesh.tensor import TensorAxis
from costgraph.mesh.width import WidthAxis

__all__ = [
    "AXES", "ONE_DEVICE", "USUAL_ORDER", "Axes", "Axis", "ContextAxis", "Cut", "DataAxis", "ExpertsAxis", "Mesh",
    "MicrobatchesAxis",
    "PipelineAxis", "Split", "TensorAxis", "WidthAxis", "devices",
]  # fmt: skip
