"""SciPy's special functions and distributions beyond the tables: accuracy, edges, errors.

The tables check values and derivatives by differences; here mpmath judges the derivatives that are
quadratures, and the corners of the functions' domains are visited.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as sp
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jitad
from jitad.scipy import special, stats
from jitad.scipy.stats.continuous import CONTINUOUS

# -- derivatives by the parameters -----------------------------------------------------------------


def _gamma_slope(a: float, x: float) -> float:
    """d/da P(a, x) by differences of its series of positive terms with many digits."""
    with mpmath.workdps(70):
        a, x, h = mpmath.mpf(a), mpmath.mpf(x), mpmath.mpf(10) ** -20 * mpmath.mpf(a)

        def value(a: Any) -> Any:
            term = total = 1 / a
            n = 0
            while term > total * mpmath.mpf(10) ** -68:
                n += 1
                term *= x / (a + n)
                total += term
            return mpmath.exp(a * mpmath.log(x) - x - mpmath.loggamma(a)) * total

        return float((value(a + h) - value(a - h)) / (2 * h))


def _beta_slope(a: float, b: float, x: float) -> float:
    """d/da I_x(a, b) by differences of mpmath's function with many digits."""
    with mpmath.workdps(40):
        a, b, x, h = (mpmath.mpf(v) for v in (a, b, x, 1e-12))

        def value(a: Any) -> Any:
            return mpmath.betainc(a, b, 0, x, regularized=True)

        return float((value(a + h) - value(a - h)) / (2 * h))


positive = st.floats(-2.5, 2.5).map(lambda e: float(10**e))


@settings(max_examples=20, deadline=None)
@given(positive, st.floats(0.05, 5.0))
@example(0.01, 0.5)
@example(300.0, 1.0)
@example(1.0, 1.0)
def test_gammainc_by_its_parameter(a: float, ratio: float) -> None:
    x = a * ratio
    want = _gamma_slope(a, x)
    got = SLOPES["gammainc"](a, x)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-40)
    np.testing.assert_allclose(SLOPES["gammaincc"](a, x), -got, rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(0.02, 0.98))
@example(1.0, 1.0, 0.9)
@example(-1.5, 1.5, 0.5)
def test_betainc_by_its_parameters(log_a: float, log_b: float, x: float) -> None:
    a, b = 10**log_a, 10**log_b
    want = _beta_slope(a, b, x)
    np.testing.assert_allclose(SLOPES["betainc"](a, b, x), want, rtol=1e-9, atol=1e-25)
    # I_x(a, b) = 1 - I_(1-x)(b, a)
    other = SLOPES["betainc_b"](b, a, 1 - x)
    np.testing.assert_allclose(other, -SLOPES["betainc"](a, b, 1 - (1 - x)), rtol=1e-9, atol=1e-25)


SLOPES = {
    "gammainc": jitad.jit(jitad.grad(lambda a, x: special.gammainc(a, x))),
    "gammaincc": jitad.jit(jitad.grad(lambda a, x: special.gammaincc(a, x))),
    "betainc": jitad.jit(jitad.grad(lambda a, b, x: special.betainc(a, b, x))),
    "betainc_b": jitad.jit(jitad.grad(lambda a, b, x: special.betainc(a, b, x), argnums=1)),
}


def test_parameter_derivatives_at_the_ends() -> None:
    for x in (0.0, np.inf):
        assert SLOPES["gammainc"](2.0, x) == 0
    for x in (0.0, 1.0):
        assert SLOPES["betainc"](2.0, 3.0, x) == 0


# -- functions that SciPy has no C function of -----------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.floats(1.05, 40.0), st.floats(1e-3, 1e3))
def test_zeta(s: float, q: float) -> None:
    got = ZETA(s, q)
    np.testing.assert_allclose(got, sp.zeta(s, q), rtol=1e-13)


ZETA = jitad.jit(special.zeta)
W = {k: jitad.jit(lambda x, k=k: special.lambertw(x, k).real) for k in (0, -1)}


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.999, 700.0))
@example(-1.0 + 1e-9)
def test_lambertw_inverts(w: float) -> None:
    """To the rounding of w e^w; next to the branch point w itself is ill-conditioned."""
    x = w * np.exp(w)
    got = W[0](x)
    assert abs(got * np.exp(got) - x) <= 1e-15 * (2 + abs(w)) * abs(x)
    if w > -0.9:
        np.testing.assert_allclose(got, w, rtol=1e-13, atol=1e-300)


def test_lambertw_at_the_ends() -> None:
    x = np.array([-np.exp(-1) * 1.001, -1.0, np.nan])
    assert np.isnan(W[0](x)).all()
    assert np.isnan(W[-1](np.array([0.5, -1.0]))).all()
    np.testing.assert_array_equal(W[0](np.array([0.0, np.inf])), [0, np.inf])
    assert W[-1](0.0) == -np.inf


@pytest.mark.parametrize("x", [-3.5, -0.5, 0.25, 11.0, 1e6])
def test_polygamma_where_differences_do_not_reach(x: float) -> None:
    f = jitad.jit(lambda x: special.polygamma(1, x))
    np.testing.assert_allclose(f(x), float(mpmath.psi(1, x)), rtol=1e-12)
    third = jitad.grad(jitad.grad(jitad.grad(special.gammaln)))
    np.testing.assert_allclose(third(x), float(mpmath.psi(2, x)), rtol=1e-12)


# -- edges -----------------------------------------------------------------------------------------


def test_removable_singularities() -> None:
    """Where a closed form of the derivative is 0/0, its limit is given, to second order."""
    for f, first, second in (
        (special.exprel, 1 / 2, 1 / 3),
        (special.spence, None, 1 / 2),
        (lambda x: special.sici(x)[0], 1.0, 0.0),
        (special.j1, 0.5, 0.0),
        (special.ellipk, np.pi / 8, 9 * np.pi / 64),
        (special.ellipe, -np.pi / 8, -3 * np.pi / 64),
        (lambda m: special.ellipkinc(1.0, m), None, None),
        (lambda p: special.boxcox(2.0, p), np.log(2) ** 2 / 2, np.log(2) ** 3 / 3),
        (lambda p: special.inv_boxcox(0.5, p), -np.exp(0.5) / 8, None),
    ):
        at = 1.0 if f is special.spence else 0.0
        one, two = jitad.grad(f), jitad.grad(jitad.grad(f))
        assert np.isfinite([one(at), two(at)]).all()
        for got, want in ((one(at), first), (two(at), second)):
            if want is not None:
                np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_the_normal_tail() -> None:
    """log_ndtr keeps its derivatives where the distribution function underflows."""
    x = np.array([-1e4, -200.0, -40.0, -5.0, 0.0, 5.0, 60.0])
    slope = jitad.grad(lambda x: np.sum(special.log_ndtr(x)))(x)
    with mpmath.workdps(50):
        want = [float(mpmath.npdf(v) / mpmath.ncdf(v)) for v in x]
    np.testing.assert_allclose(slope, want, rtol=1e-12)
    bend = jitad.grad(jitad.grad(special.log_ndtr))
    assert np.isfinite([bend(v) for v in x]).all()


def test_entropies_at_zero() -> None:
    zero, one = np.zeros(1), np.ones(1)
    for f in (special.rel_entr, special.kl_div, special.xlogy, special.xlog1py):
        slope = jitad.grad(lambda y, f=f: np.sum(f(zero, y)))(one)
        assert slope == (1.0 if f is special.kl_div else 0.0)


def test_logsumexp_of_nothing() -> None:
    a = np.array([[1.0, -np.inf, 2.0], [-np.inf] * 3])
    value, slope = jitad.value_and_grad(lambda a: np.sum(np.exp(special.logsumexp(a, axis=1))))(a)
    np.testing.assert_allclose(value, np.exp(1) + np.exp(2))
    np.testing.assert_allclose(slope, [[np.exp(1), 0, np.exp(2)], [0, 0, 0]])
    bend = jitad.hessian(lambda a: np.sum(special.logsumexp(a, axis=1)))(a)
    assert np.isfinite(bend).all()
    for shape, axis in (((0,), None), ((3, 0, 2), 1), ((3, 0, 2), 2)):
        f = jitad.jit(lambda a, axis=axis: special.logsumexp(a, axis=axis, keepdims=True))
        np.testing.assert_array_equal(
            f(np.empty(shape)), sp.logsumexp(np.empty(shape), axis=axis, keepdims=True)
        )


def test_reciprocal_gamma_at_its_zeros() -> None:
    """1 / Gamma is entire: its derivative at -n is (-1)^n n!."""
    x = np.array([0.0, -1.0, -2.0, -3.0])
    slope = jitad.grad(lambda x: np.sum(special.rgamma(x)))(x)
    np.testing.assert_allclose(slope, [1, -1, 2, -6], rtol=1e-12)


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: special.jv(x, 1.0),
        lambda x: special.zeta(x, 2.0),
        lambda x: special.hyp2f1(x, 1.0, 2.0, 0.5),
        lambda x: special.expn(x, 1.0),
    ],
)
def test_an_unknown_derivative_is_an_error_where_it_is_asked_for(f: Any) -> None:
    np.testing.assert_allclose(jitad.jit(f)(2.0), f(2.0), rtol=1e-15)
    for derivative in (jitad.jacfwd, jitad.jacrev):
        with pytest.raises(jitad.DifferentiationError, match=r"scipy\.special"):
            derivative(f)(2.0)
    stopped = jitad.grad(lambda x: f(jitad.stop_gradient(x)) * x)
    np.testing.assert_allclose(stopped(2.0), f(2.0), rtol=1e-15)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: special.elliprf(x, x, x), "ellipe|ellipk|ellipj"),
        (lambda x: special.factorial2(x), "factorial"),
        (lambda x: special.erf(x, out=x), "out"),
        (lambda x: special.logsumexp(x, weights=x), "weights"),
        (lambda x: special.lambertw(x, k=2), "k=0"),
        (lambda x: special.factorial(x, exact=True), "exact"),
        (lambda x: stats.norm.rvs(x), "logpdf"),
        (lambda x: stats.norm.logpdf(x, sigma=1), "sigma"),
        (lambda x: stats.gamma.logpdf(x), "missing"),
        (lambda x: stats.geninvgauss.logpdf(x, 1, 2), "gamma"),
        (lambda x: stats.norm.expect(lambda y: y, loc=x), "logpdf"),
        (lambda x: stats.shapiro(x), "nearest|outside"),
    ],
)
def test_what_is_not_supported(f: Any, message: str) -> None:
    with pytest.raises(jitad.TraceError, match=message):
        jitad.jit(f)(np.array([0.5, 1.5]))


def test_names() -> None:
    assert {"erf", "logsumexp", "gammainc"} <= set(dir(special))
    assert {"norm", "poisson"} <= set(dir(stats))
    for module in (special, stats):
        with pytest.raises(AttributeError, match="no_such_name"):
            _ = module.no_such_name
    assert special.erf(0.5) == sp.erf(0.5)
    assert special.erf.__doc__ == sp.erf.__doc__


def test_lists_of_traced_values() -> None:
    f = jitad.jit(lambda x: special.erf([x[0], 0.5]))
    np.testing.assert_allclose(f(np.array([0.25, 1.0])), sp.erf([0.25, 0.5]))


def test_scipy_is_imported_late() -> None:
    program = "import sys, jitad; sys.exit('scipy.special' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# -- distributions ---------------------------------------------------------------------------------


BEYOND = {
    "expon": (), "gamma": (2.5,), "chi2": (3.0,), "lognorm": (0.5,), "weibull_min": (1.5,),
    "beta": (2.0, 3.0), "uniform": (), "pareto": (2.0,), "truncnorm": (-1.0, 0.5),
    "invgamma": (2.0,), "f": (3.0, 4.0), "halfnorm": (),
}  # fmt: skip


@pytest.mark.parametrize("name", BEYOND)
def test_outside_of_the_support(name: str) -> None:
    """Probability 0 and derivative 0, never NaN; NaN only where x is NaN."""
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    shapes = np.array(BEYOND[name])
    x = np.array([-2.0, -1.5, 0.0, 1.0, 30.0])
    outside = np.isneginf(theirs.logpdf(x, *shapes)) & (x != 0) & (x != 1)
    for method in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        with np.errstate(divide="ignore"):
            want = getattr(theirs, method)(x, *shapes)

        def f(x: Any, shapes: Any, method: str = method) -> Any:
            return getattr(ours, method)(x, *shapes)

        np.testing.assert_allclose(jitad.jit(f)(x, shapes), want, rtol=1e-12, atol=1e-15)
        by_x, by_shapes = jitad.jacrev(f, argnums=(0, 1))(x[outside], shapes)
        assert not np.any(by_x), method
        assert not np.any(by_shapes) or (name, method) == ("truncnorm", "sf")
    for method in ("logpdf", "pdf", "cdf", "sf"):
        x = np.array([np.nan])
        assert np.isnan(jitad.jit(lambda x, m=method: getattr(ours, m)(x, *shapes))(x)).all()


def test_parameters_that_make_no_sense_give_nan() -> None:
    f = jitad.jit(lambda x, a, s: stats.gamma.logpdf(x, a, scale=s))
    assert np.isnan([f(1.0, -1.0, 1.0), f(1.0, 1.0, -1.0), f(1.0, 0.0, 1.0)]).all()
    g = jitad.jit(lambda q: stats.norm.ppf(q))
    np.testing.assert_array_equal(
        g(np.array([-0.5, 0.0, 1.0, 1.5])), [np.nan, -np.inf, np.inf, np.nan]
    )


QUANTILES = [
    (name, method)
    for name in CONTINUOUS
    for method in ("ppf", "isf")
    if method in getattr(stats, name).methods
]


@pytest.mark.parametrize(("name", "method"), QUANTILES)
def test_slopes_of_quantiles_at_the_ends(name: str, method: str) -> None:
    """1 over the density at the end of the support, and 0 by shapes."""
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    count, q = len(CONTINUOUS[name].shapes), np.array([0.0, 1.0])
    gradient = jitad.grad(getattr(ours, method), tuple(range(count + 1)))
    slopes = jitad.vmap(gradient, (0, *[None] * count))
    for shapes in itertools.product((0.5, 1.0, 2.0), repeat=count):
        ends = getattr(theirs, method)(q, *shapes)
        with np.errstate(divide="ignore", invalid="ignore"):
            want = 1 / np.where(np.isinf(ends), 0.0, theirs.pdf(ends, *shapes))
        by_q, *by_shapes = slopes(q, *shapes)
        np.testing.assert_allclose(by_q, want if method == "ppf" else -want, rtol=1e-12, atol=1e-12)
        assert not np.any(by_shapes)


def test_slopes_of_quantiles_where_the_ends_are_shapes() -> None:
    q = np.array([0.0, 1.0])
    got = jitad.jacrev(lambda a, b: stats.loguniform.ppf(q, a, b), (0, 1))(1.0, 3.0)
    np.testing.assert_array_equal(got, np.eye(2))
    slope = jitad.grad(lambda q: stats.expon.ppf(q))
    assert [slope(0.0), jitad.grad(slope)(0.0), jitad.grad(jitad.grad(slope))(0.0)] == [1, 1, 2]


def test_counts_that_are_none() -> None:
    k = np.array([-1, 0, 3, 9, 2.5, np.nan])
    names = {"poisson": (2.5,), "binom": (6, 0.25), "geom": (0.25,), "bernoulli": (0.25,)}
    for name, shapes in names.items():
        ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
        for method in ("logpmf", "pmf", "cdf", "sf"):
            got = jitad.jit(lambda k, m=method, s=shapes, o=ours: getattr(o, m)(k, *s))(k)
            want = getattr(theirs, method)(k, *shapes)
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
    slope = jitad.grad(lambda p: np.sum(np.exp(stats.binom.logpmf(np.array([-1, 9]), 6, p))))
    assert slope(0.25) == 0


def test_frozen_distributions() -> None:
    x = np.array([0.5, 1.5])

    def f(x: Any, mean: Any) -> Any:
        return stats.norm(mean, scale=2.0).logpdf(x)

    np.testing.assert_allclose(jitad.jit(f)(x, 0.25), scipy.stats.norm(0.25, 2.0).logpdf(x))
    assert stats.norm(0.25, 2.0).mean() == 0.25
    assert stats.norm.mean(loc=3.0) == 3.0


def test_tails_of_the_normal_distribution() -> None:
    x = np.array([-50.0, -8.0, 3.0])
    f = jitad.jit(lambda x: stats.norm.logcdf(x, loc=1.0, scale=2.0))
    np.testing.assert_allclose(f(x), scipy.stats.norm.logcdf(x, 1.0, 2.0), rtol=1e-14)


def test_multivariate_normal() -> None:
    root = np.array([[1.5, 0.0, 0.0], [0.25, 1.25, 0.0], [-0.5, 0.125, 0.75]])
    x, mean = np.array([[0.5, 1.0, -0.25], [0.1, 0.2, 0.3]]), np.array([0.25, 0.5, -1.0])

    def f(x: Any, mean: Any, root: Any) -> Any:
        return stats.multivariate_normal.logpdf(x, mean, root @ root.T)

    np.testing.assert_allclose(jitad.jit(f)(x, mean, root), f(x, mean, root), rtol=1e-12)
    jitad.check_grads(lambda *args: np.sum(f(*args)), (x, mean, root), order=2)


def test_dirichlet() -> None:
    alpha, x = np.array([1.5, 0.75, 2.0]), np.array([0.2, 0.3, 0.5])
    f = jitad.jit(stats.dirichlet.logpdf)
    np.testing.assert_allclose(f(x, alpha), scipy.stats.dirichlet.logpdf(x, alpha), rtol=1e-12)
    with pytest.raises(jitad.ShapeError, match="components"):
        f(np.array([0.5]), alpha)
