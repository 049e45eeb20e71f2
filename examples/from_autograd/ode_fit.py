"""Predators and prey: the rates of a differential equation from observations of its solution.

The solver is a Runge-Kutta loop in plain NumPy. Its solution and its derivatives are compared with
those of SciPy's adaptive solver, applied to the equation and to its sensitivity equations.
"""

from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import jitad.numpy as np
from jitad import value_and_grad

true_rates = np.array([0.8, 0.4, 0.2, 0.5])
start_state = np.array([3.0, 1.0])
interval, substeps, count = 0.4, 8, 8


def slope(state, rates):
    prey, predators = state
    growth, hunt, gain, death = rates
    return np.array(
        [
            growth * prey - hunt * prey * predators,
            gain * prey * predators - death * predators,
        ]
    )


def runge_kutta(state, rates, h):
    k1 = slope(state, rates)
    k2 = slope(state + h / 2 * k1, rates)
    k3 = slope(state + h / 2 * k2, rates)
    k4 = slope(state + h * k3, rates)
    return state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def simulate(rates):
    state, states = start_state, []
    for _ in range(count):
        for _ in range(substeps):
            state = runge_kutta(state, rates, interval / substeps)
        states.append(state)
    return np.stack(states)


noise = np.random.RandomState(3).randn(count, 2)
observations = simulate(true_rates) + 0.02 * noise


def misfit(logarithms):
    return np.sum((simulate(np.exp(logarithms)) - observations) ** 2)


start = np.log(np.array([0.7, 0.5, 0.25, 0.4]))


def by_sensitivity(logarithms):
    """Misfit and gradient from z' = f and (dz/dp)' = f_z dz/dp + f_p, with f_z and f_p by hand."""
    a, b, c, d = rates = np.exp(logarithms)

    def both(_, z):
        x, y, s = z[0], z[1], z[2:].reshape(2, 4)
        by_state = np.array([[a - b * y, -b * x], [c * y, c * x - d]])
        by_rates = np.array([[x, -x * y, 0.0, 0.0], [0.0, 0.0, x * y, -y]])
        return np.concatenate([slope(z[:2], rates), (by_state @ s + by_rates).ravel()])

    ends = interval * np.arange(1, count + 1)
    initial = np.concatenate([start_state, np.zeros(8)])
    tight = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12}
    solution = solve_ivp(both, (0, ends[-1]), initial, t_eval=ends, **tight).y.T
    errors = solution[:, :2] - observations
    by_rates = 2 * np.einsum("ti,tij->j", errors, solution[:, 2:].reshape(-1, 2, 4))
    return np.sum(errors**2), by_rates * rates


def main():
    fit = minimize(value_and_grad(misfit), start, jac=True, method="BFGS")
    print(f"rates {np.exp(fit.x).round(3)}, true ones {true_rates}")
    value, gradient = value_and_grad(misfit)(start)
    expected, expected_gradient = by_sensitivity(start)
    differences = abs(value / expected - 1), np.abs(gradient / expected_gradient - 1).max()
    print("\nCheck: relative differences from the sensitivity equations:", end=" ")
    print(f"value {differences[0]:.1e}, gradient {differences[1]:.1e}")


if __name__ == "__main__":
    main()
