"""What public names are for traced values: a module of SciPy's, a name -> a state, the reason.

A name is *native* where a rule of ours records it, *traced* where SciPy's formulas or ours are read
as programs, *constant* where nothing that has a derivative is in what it gives, and *refused* for a
reason; of the rest is *unknown* what it does. The last two raise errors of traced values.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.ir.value import FUNCTIONS, UFUNCS
from jitad.scipy.readable import READ

STATES = ("native", "traced", "constant", "refused", "unknown")

MODULES = (
    *("special", "linalg", "fft", "stats", "signal", "ndimage", "integrate", "interpolate"),
    *("optimize", "sparse", "sparse.linalg", "spatial", "spatial.distance", "spatial.transform"),
    *("cluster.hierarchy", "cluster.vq"),
)
"""Those whose names have states."""

_CONSTANT = {
    "special": """
        ai_zeros bei_zeros beip_zeros ber_zeros bernoulli berp_zeros bi_zeros erf_zeros errstate
        euler factorial2 factorialk fresnel_zeros fresnelc_zeros fresnels_zeros geterr h_roots
        he_roots jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros
        ker_zeros kerp_zeros l_roots p_roots ps_roots roots_chebyc roots_chebys roots_chebyt
        roots_chebyu roots_hermite roots_hermitenorm roots_laguerre roots_legendre
        roots_sh_chebyt roots_sh_chebyu roots_sh_legendre s_roots seterr sh_chebyt sh_chebyu
        stirling2 t_roots ts_roots u_roots us_roots c_roots y0_zeros y1_zeros y1p_zeros yn_zeros
        ynp_zeros
    """,
    "linalg": """
        bandwidth dft find_best_blas_type get_blas_funcs get_lapack_funcs hadamard helmert hilbert
        invhilbert invpascal ishermitian issymmetric pascal
    """,
    "fft": """
        get_workers next_fast_len prev_fast_len register_backend set_backend set_global_backend
        set_workers skip_backend
    """,
    "stats": "random_table",
    "signal": """
        besselap buttap check_COLA check_NOLA choose_conv_method correlation_lags max_len_seq
        unit_impulse
    """,
    "ndimage": """
        binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss
        binary_opening binary_propagation distance_transform_bf distance_transform_cdt
        distance_transform_edt find_objects generate_binary_structure iterate_structure label
        maximum_position minimum_position value_indices watershed_ift
    """,
    "integrate": "lebedev_rule newton_cotes",
    "optimize": "linear_sum_assignment quadratic_assignment show_options",
    "sparse": """
        get_index_dtype isspmatrix_bsr isspmatrix_coo isspmatrix_csc isspmatrix_csr
        isspmatrix_dia isspmatrix_dok isspmatrix_lil safely_cast_index_arrays
    """,
    "sparse.linalg": "is_sptriangular spbandwidth use_solver",
    "spatial.distance": """
        dice hamming is_valid_dm is_valid_y jaccard num_obs_dm num_obs_y rogerstanimoto
        russellrao sokalsneath yule
    """,
    "cluster.hierarchy": """
        ClusterNode DisjointSet correspond is_valid_im is_valid_linkage num_obs_linkage
        set_link_color_palette
    """,
}

_REFUSED = {
    "it draws at random: draw outside, and hand the numbers in": {
        "linalg": "clarkson_woodruff_transform",
        "stats": """
            BootstrapMethod MonteCarloMethod PermutationMethod bootstrap goodness_of_fit
            monte_carlo_test multiscale_graphcorr ortho_group permutation_test power
            random_correlation sobol_indices special_ortho_group uniform_direction unitary_group
        """,
        "sparse": "rand random random_array",
        "cluster.vq": "kmeans kmeans2",
    },
    "how many numbers it gives depends on values: find their places outside": {
        "signal": "argrelmin find_peaks find_peaks_cwt peak_prominences peak_widths unique_roots",
        "interpolate": "generate_knots sproot",
        "optimize": "bracket",
        "sparse": "find",
        "spatial": "ConvexHull Delaunay HalfspaceIntersection SphericalVoronoi Voronoi tsearch",
        "cluster.hierarchy": """
            centroid cut_tree fcluster fclusterdata inconsistent leaders leaves_list linkage median
            optimal_leaf_ordering single average complete ward weighted
        """,
    },
    "it searches a whole region: start optimize.minimize from the point that it finds outside": {
        "optimize": "basinhopping brute differential_evolution direct dual_annealing shgo",
    },
    "use optimize.minimize with that method, whose minimum has a derivative": {
        "optimize": """
            fmin fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b fmin_ncg fmin_powell fmin_slsqp
            fmin_tnc line_search
        """,
    },
    "use optimize.minimize_scalar, whose minimum has a derivative": {
        "optimize": "brent fminbound golden",
    },
    "use optimize.root with that method, whose root has a derivative": {
        "optimize": """
            anderson broyden1 broyden2 diagbroyden excitingmixing linearmixing newton_krylov
            BroydenFirst InverseJacobian KrylovJacobian
        """,
    },
    "use jitad.jacobian, or jitad.check_grads, in its place": {
        "optimize": "approx_fprime check_grad",
    },
    "use integrate.solve_ivp, whose solution has a derivative": {
        "integrate": "BDF DOP853 DenseOutput LSODA OdeSolution OdeSolver RK23 RK45 Radau ode "
        "complex_ode",
    },
    "use integrate.quad or nquad, whose integrals have derivatives": {
        "integrate": "nsum qmc_quad tanhsinh",
    },
    "it draws pictures: give it plain arrays": {
        "spatial": "convex_hull_plot_2d delaunay_plot_2d voronoi_plot_2d",
        "cluster.hierarchy": "dendrogram",
    },
    "it reads or writes files: do so outside": {"sparse": "load_npz save_npz"},
    "no derivative by its parameters is known": {
        "special": """
            ellip_harm ellip_harm_2 ellip_normal lmbda lqmn lqn mathieu_a mathieu_b mathieu_cem
            mathieu_even_coef mathieu_modcem1 mathieu_modcem2 mathieu_modsem1 mathieu_modsem2
            mathieu_odd_coef mathieu_sem obl_ang1 obl_ang1_cv obl_cv obl_cv_seq obl_rad1
            obl_rad1_cv obl_rad2 obl_rad2_cv pro_ang1 pro_ang1_cv pro_cv pro_cv_seq pro_rad1
            pro_rad1_cv pro_rad2 pro_rad2_cv
        """,
    },
}

Lists = dict[str, dict[str, str | None]]


@functools.cache
def declared() -> Lists:
    """By modules the names that are constant, None for a reason, or refused, with the reason."""
    found: Lists = {module: {} for module in MODULES}
    for module, names in _CONSTANT.items():
        found[module] |= dict.fromkeys(names.split())
    for reason, modules in _REFUSED.items():
        for module, names in modules.items():
            found[module] |= dict.fromkeys(names.split(), reason)
    return found


def public(module: str) -> list[str]:
    """The public functions, classes and objects of a module of SciPy's, without its errors; of one
    of NumPy's, by its whole name, the functions."""
    whole = module if module.startswith(("numpy", "scipy")) else f"scipy.{module}"
    library = importlib.import_module(whole)
    listed = getattr(library, "__all__", None) or [n for n in dir(library) if n[0] != "_"]
    items = [(name, getattr(library, name, None)) for name in sorted(listed)]
    kept = (lambda x: not isinstance(x, type)) if whole.startswith("numpy") else _is_no_error
    return [name for name, x in items if callable(x) and kept(x)]


def _is_no_error(x: Any) -> bool:
    return not (isinstance(x, type) and issubclass(x, BaseException))


def recorded(x: Any) -> Callable[..., Any] | None:
    """What a function records on traced values."""
    try:
        return (UFUNCS if isinstance(x, np.ufunc) else FUNCTIONS).get(x)
    except TypeError:  # no key
        return None


def state(module: str, name: str) -> tuple[str, str]:
    """The state of a public name, and the reason of a refusal."""
    original = getattr(importlib.import_module(f"scipy.{module}"), name)
    try:
        mirrored = importlib.import_module(f"jitad.scipy.{module}")
    except ImportError:
        mirrored = None
    if recorded(original) is not None:
        return "native", ""
    if name in READ.get(module, ()):
        return "traced", ""
    own = getattr(mirrored, name, original)
    if own is not original and not hasattr(own, "__wrapped__") and _takes_traced(own):
        return ("traced" if inspect.isroutine(own) or isinstance(own, type) else "native"), ""
    if name not in declared()[module]:
        return "unknown", ""
    reason = declared()[module][name]
    return ("constant", "") if reason is None else ("refused", reason)


def _takes_traced(own: Any) -> bool:
    """Whether what a mirror has is more than an object of SciPy's that refuses traced values."""
    return bool(getattr(own, "methods", True))


def works(module: str) -> list[str]:
    """The names of a module that take traced values."""
    return [name for name in public(module) if state(module, name)[0] in ("native", "traced")]
