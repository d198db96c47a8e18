"""In which numbers a training multiplies: 32 bits, or 16 where the device is faster with them.

Called by the training loop. Weights, optimizer and losses stay in 32 bits (Micikevicius et al.
2018, "Mixed Precision Training").
"""

from contextlib import AbstractContextManager, nullcontext

import torch

from finetune.recipe import Precision

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """What the recipe says; for "auto", bfloat16 where the hardware multiplies in it.

    Else a GPU multiplies in float16 and a CPU in float32.
    """
    if precision != "auto":
        return DTYPES[precision]
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def multiply_in(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[None]:
    """A context in which matrices are multiplied in ``dtype``."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def make_scaler(dtype: torch.dtype, device: torch.device) -> torch.amp.GradScaler:
    """What keeps small gradients from vanishing in float16; with other numbers it does nothing."""
    return torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
