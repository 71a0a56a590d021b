"""Adam, ready at once."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """torch's Adam without the guards around its methods, which are there for torch's compiler.

    The first that is called imports the whole compiler. That takes longer than many a fit.
    """

    add_param_group, zero_grad = unwrap(torch.optim.Adam.add_param_group), unwrap(torch.optim.Adam.zero_grad)
    state_dict, load_state_dict = unwrap(torch.optim.Adam.state_dict), unwrap(torch.optim.Adam.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
