"""Optimal control: the pushes that bring a cart to rest at the origin at the least cost.

The cost comes from a loop over the time steps, and a minimiser of SciPy's chooses all the pushes
at once. For linear dynamics and quadratic costs, Riccati's recursion gives the same pushes.
"""

from scipy.optimize import minimize

import jitad.numpy as np
from jitad import value_and_grad

horizon, h = 20, 0.2
dynamics = np.array([[1.0, h], [0.0, 1.0 - 0.1 * h]])
actuation = np.array([0.5 * h**2, h])
state_cost = np.diag([1.0, 0.1]) * h
push_cost = 0.2 * h
final_cost = np.diag([10.0, 10.0])
start_state = np.array([2.0, -1.0])


def step(state, push):
    return np.dot(dynamics, state) + actuation * push


def rollout(pushes):
    states = [start_state]
    for push in pushes:
        states.append(step(states[-1], push))
    return states


def cost(pushes):
    *states, last = rollout(pushes)
    total = np.dot(last, np.dot(final_cost, last))
    for state, push in zip(states, pushes, strict=True):
        total = total + np.dot(state, np.dot(state_cost, state)) + push_cost * push**2
    return total


start = np.zeros(horizon)


def by_riccati():
    """Pushes -K_t z_t and the least cost z_0^T P_0 z_0, from the recursion for P_t backwards."""
    p, gains = final_cost, []
    for _ in range(horizon):
        k = actuation @ p @ dynamics / (push_cost + actuation @ p @ actuation)
        closed = dynamics - np.outer(actuation, k)
        p = state_cost + dynamics.T @ p @ closed
        gains.append(k)
    state, pushes = start_state, []
    for k in reversed(gains):
        pushes.append(-k @ state)
        state = step(state, pushes[-1])
    return np.array(pushes), start_state @ p @ start_state


def main():
    options = {"gtol": 1e-10, "maxiter": 500}
    fit = minimize(value_and_grad(cost), start, jac=True, method="BFGS", options=options)
    print(f"cost {cost(start):.4f} -> {fit.fun:.4f}")
    print(f"pushes {fit.x[:5].round(3)} ..., last state {rollout(fit.x)[-1].round(4)}")
    pushes, least = by_riccati()
    _, gradient = value_and_grad(cost)(pushes)
    print(f"\nCheck: the cost differs from Riccati's by {abs(fit.fun - least):.1e},", end=" ")
    print(f"and at Riccati's pushes the gradient is {np.abs(gradient).max():.1e}")


if __name__ == "__main__":
    main()
