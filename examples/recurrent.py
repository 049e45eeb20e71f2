"""Recurrent networks by scan: back-propagation through time, and how it fades over many steps.

The simple network is Elman's (J. L. Elman, Finding structure in time, Cognitive Science 14 (1990),
179-211), with s the logistic function:

    h_t = s(W x_t + U h_(t-1) + b)      y_t = s(V h_t)      L = sum_t 1/2 |y_t - z_t|^2

How its gradients vanish and explode is Y. Bengio, P. Simard and P. Frasconi's (Learning long-term
dependencies with gradient descent is difficult, IEEE Trans. Neural Networks 5 (1994), 157-166).
"""

import numpy as np

import jitad

rng = np.random.default_rng(0)
INPUTS, HIDDEN, OUTPUTS, STEPS = 3, 5, 2, 40


def s(a):
    return 1 / (1 + np.exp(-a))


params = {
    "W": rng.normal(size=(HIDDEN, INPUTS)),
    "U": rng.normal(size=(HIDDEN, HIDDEN)),
    "b": rng.normal(size=HIDDEN),
    "V": rng.normal(size=(OUTPUTS, HIDDEN)),
}
x = rng.normal(size=(STEPS, INPUTS))
z = rng.uniform(size=(STEPS, OUTPUTS))
start = np.zeros(HIDDEN)


def loss(params, x, z):
    def step(h, row):
        x_t, z_t = row
        h = s(params["W"] @ x_t + params["U"] @ h + params["b"])
        y = s(params["V"] @ h)
        return h, np.sum((y - z_t) ** 2) / 2

    return np.sum(jitad.scan(step, start, (x, z))[1])


def through_time(params, x, z):
    """The same gradient by hand: forth through all steps, then back."""
    states, outputs, h = [start], [], start
    for x_t in x:
        h = s(params["W"] @ x_t + params["U"] @ h + params["b"])
        states.append(h)
        outputs.append(s(params["V"] @ h))
    gradient = {name: np.zeros_like(value) for name, value in params.items()}
    h_bar = np.zeros(HIDDEN)
    for t in reversed(range(len(x))):
        h, y = states[t + 1], outputs[t]
        output_delta = (y - z[t]) * y * (1 - y)
        gradient["V"] += np.outer(output_delta, h)
        h_bar = h_bar + params["V"].T @ output_delta
        delta = h_bar * h * (1 - h)
        gradient["W"] += np.outer(delta, x[t])
        gradient["U"] += np.outer(delta, states[t])
        gradient["b"] += delta
        h_bar = params["U"].T @ delta
    return gradient


slopes, by_hand = jitad.grad(loss)(params, x, z), through_time(params, x, z)
gaps = {name: np.abs(slopes[name] - by_hand[name]).max() for name in params}
print("Elman's network, gradient by scan and by hand")
for name in params:
    print(f"  {name}: norm {np.linalg.norm(slopes[name]):9.6f}, they differ by {gaps[name]:.1e}")

# A gate y_t decides how much of the state is kept: h_t = (1 - y_t) o h_(t-1) + y_t o s_t. What the
# gate and the new part read of the state before is cut: nothing flows back but along the gates.


def gated(params, x, z, cut):
    before = jitad.stop_gradient if cut else (lambda h: h)

    def step(h, row):
        x_t, z_t = row
        held = before(h)
        gate = s(params["W"] @ x_t + params["U"] @ held + params["b"])
        h = (1 - gate) * h + gate * np.tanh(params["W"] @ x_t - held)
        return h, np.sum((params["V"] @ h - z_t) ** 2) / 2

    return np.sum(jitad.scan(step, start, (x, z))[1])


def gated_by_hand(params, x, z):
    """The gradient of the gated network whose other paths through time are cut."""
    h, states = start, []
    for x_t in x:
        a, new = s(params["W"] @ x_t + params["U"] @ h + params["b"]), params["W"] @ x_t - h
        states.append((h, a, np.tanh(new)))
        h = (1 - a) * h + a * np.tanh(new)
    gradient = {name: np.zeros_like(value) for name, value in params.items()}
    h_bar = np.zeros(HIDDEN)
    for t in reversed(range(len(x))):
        before, a, new = states[t]
        h = (1 - a) * before + a * new
        error = params["V"] @ h - z[t]
        gradient["V"] += np.outer(error, h)
        h_bar = h_bar + params["V"].T @ error
        gate_delta = h_bar * (new - before) * a * (1 - a)
        new_delta = h_bar * a * (1 - new**2)
        gradient["W"] += np.outer(gate_delta + new_delta, x[t])
        gradient["U"] += np.outer(gate_delta, before)
        gradient["b"] += gate_delta
        h_bar = (1 - a) * h_bar
    return gradient


whole, part = (jitad.grad(gated)(params, x, z, cut) for cut in (False, True))
by_hand = gated_by_hand(params, x, z)
gate_gap = max(np.abs(part[name] - by_hand[name]).max() for name in params)
print("\nThe gated network, norms of gradients")
for name in params:
    norms = np.linalg.norm(whole[name]), np.linalg.norm(part[name])
    print(f"  {name}: whole {norms[0]:9.6f}, cut {norms[1]:9.6f}")

# How much the last state feels of the first: |d h_T / d h_0|, for recurrent matrices of three
# spectral radii. Each step multiplies by the matrix and by slopes of tanh.

turned = np.linalg.qr(rng.normal(size=(HIDDEN, HIDDEN)))[0]


def last_state(h, matrix, drive):
    return jitad.scan(lambda h, x_t: (np.tanh(matrix @ h) + x_t, None), h, drive)[0]


sensitivity = jitad.jacobian(last_state)
print("\n|d h_T / d h_0| over T steps of h -> tanh(U h) + x, U a rotation times a factor")
print("     T " + "".join(f"  factor {factor:<8}" for factor in (0.5, 1.0, 2.0)))
norms = {}
for steps in (1, 10, 20, 50, 100):
    row = []
    for factor in (0.5, 1.0, 2.0):
        drive = np.zeros((steps, HIDDEN))
        norms[steps, factor] = np.linalg.norm(sensitivity(start, factor * turned, drive), 2)
        row.append(f"{norms[steps, factor]:17.3e}")
    print(f"{steps:6d} " + "".join(row))

exact = max(abs(norm / factor**steps - 1) for (steps, factor), norm in norms.items())
print("\nCheck: the largest differences are")
print(f"       Elman {max(gaps.values()):.1e}, gated {gate_gap:.1e} from back-propagation by hand;")
print(f"       the norms from factor^T, relatively, {exact:.1e}")
