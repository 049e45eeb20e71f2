"""Calls of SciPy's functions, by its own names, of arrays that are differentiated.

What is read of SciPy as programs stands here, and what is not a row of another table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg as sla
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    sparse,
    special,
    stats,
)
from scipy.spatial import transform
from scipy.stats._distr_params import distcont, distdiscrete

from jitad.scipy.stats.read import ROWS

_r = np.random.default_rng(3)
X9, Y9, X24, Y24 = (_r.normal(size=n) + 0.1 for n in (9, 9, 24, 24))
P9, P5, V4, H = (
    np.abs(_r.normal(size=9)) + 0.4,
    np.abs(_r.normal(size=5)) + 0.5,
    *_r.normal(size=(2, 4)),
)
M45, M67, M53 = _r.normal(size=(4, 5)), _r.normal(size=(6, 7)), _r.normal(size=(5, 3))
P45, A44, B44 = np.abs(M45) + 0.3, *_r.normal(size=(2, 4, 4))
S44, T453 = A44 @ A44.T + np.eye(4), _r.normal(size=(4, 5, 3))
B, A, W = np.array([0.2, 0.3, -0.1]), np.array([1.25, -0.5, 0.25]), np.linspace(0.1, 2.5, 6)
ZEROS, K, K7, TIMES = np.array([0.3, -0.4]), np.array(1.3), np.array(0.7), np.linspace(0, 1, 20)
A22, B21 = np.array([[-0.5, 0.3], [0.1, -0.8]]), np.array([[1.0], [0.5]])
C12, D11 = np.array([[1.0, 0.3]]), np.array([[0.2]])
SOS = np.array([[0.5, 0.25, 0.5, 1.0, -0.5, 0.25], [1.0, -0.5, 0.25, 1.0, 0.25, 0.5]])
OUTSIDE = np.stack([_r.uniform(-1, 6.5, 8), _r.uniform(-1, 7.5, 8)])
INSIDE = np.stack([_r.uniform(0.2, 4.8, 8), _r.uniform(0.2, 5.8, 8)])
INTS = np.arange(42).reshape(6, 7) % 11
LABELS = INTS % 3

STATS: tuple[tuple[Any, ...], ...] = (
    (lambda x: stats.zscore(x), X9),
    (lambda x: stats.zscore(x,axis=1,ddof=1), M45),
    (lambda x, y: stats.zmap(x,y), X9,Y9),
    (lambda x: stats.gzscore(x), P9),
    (lambda x: stats.gmean(x), P9),
    (lambda x, w: stats.gmean(x,axis=1,weights=w), P45,P45),
    (lambda x: stats.hmean(x), P9),
    (lambda x: stats.pmean(x,3), P9),
    (lambda x: stats.gstd(x), P9),
    (lambda x: stats.moment(x,3), X9),
    (lambda x: stats.moment(x,[1,2,3]), X9),
    (lambda x: stats.skew(x), X9),
    (lambda x: stats.skew(x,bias=False,axis=1), M45),
    (lambda x: stats.kurtosis(x), X9),
    (lambda x: stats.kurtosis(x,axis=1,fisher=False,bias=False), M45),
    (lambda x: stats.variation(x), P9),
    (lambda x: list(stats.describe(x))[2:], X9),
    (lambda x: stats.sem(x), X9),
    (lambda x: stats.tmean(x), X9),
    (lambda x: stats.tmean(x,(-1,1)), X9),
    (lambda x: stats.tvar(x), X9),
    (lambda x: stats.tstd(x), X9),
    (lambda x: stats.tsem(x), X9),
    (lambda x: stats.tmin(x), X9),
    (lambda x: stats.tmax(x), X9),
    (lambda x: stats.iqr(x), X9),
    (lambda x: stats.median_abs_deviation(x), X9),
    (lambda x: stats.trim_mean(x,.2), X9),
    (lambda x: stats.trim1(x,.2), X9),
    (lambda x: stats.scoreatpercentile(x,30), X9),
    (lambda x: stats.percentileofscore(x,0.2), X9),
    (lambda x: stats.quantile(x,0.3), X9),
    (lambda x: stats.lmoment(x), X9),
    (lambda x: stats.kstat(x,3), X9),
    (lambda x: stats.kstatvar(x,2), X9),
    (lambda x: stats.entropy(x), P9),
    (lambda x, y: stats.entropy(x,y), P9,P9[::-1].copy()),
    (lambda x: stats.differential_entropy(x), X9),
    (lambda x: stats.circmean(x), P9),
    (lambda x: stats.circvar(x), P9),
    (lambda x: stats.circstd(x), P9),
    (lambda x: stats.directional_stats(x).mean_direction, M45),
    (lambda x, y: stats.pearsonr(x,y).statistic, X9,Y9),
    (lambda x, y: tuple(stats.pearsonr(x,y)), X9,Y9),
    (lambda x, y: stats.spearmanr(x,y).statistic, X9,Y9),
    (lambda x: stats.rankdata(x), X9),
    (lambda x, y: tuple(stats.linregress(x,y)), X9,Y9),
    (lambda x, y: stats.theilslopes(y,x).slope, X9,Y9),
    (lambda y: stats.pointbiserialr(np.arange(9)%2,y).statistic, Y9),
    (lambda x: tuple(stats.ttest_1samp(x,.1)), X9),
    (lambda x, y: tuple(stats.ttest_ind(x,y)), X9,Y9),
    (lambda x, y: tuple(stats.ttest_ind(x,y,equal_var=False)), X9,Y9),
    (lambda x, y: tuple(stats.ttest_rel(x,y)), X9,Y9),
    (lambda x: tuple(stats.ttest_ind_from_stats(x[0],x[1],9,x[2],x[3],8)), P9),
    (lambda x, y: tuple(stats.f_oneway(x,y)), X9,Y9),
    (lambda x, y: stats.alexandergovern(x,y).statistic, X9,Y9),
    (lambda x, y: tuple(stats.bartlett(x,y)), X9,Y9),
    (lambda x, y: tuple(stats.levene(x,y)), X9,Y9),
    (lambda x, y: tuple(stats.fligner(x,y)), X9,Y9),
    (lambda x: tuple(stats.chisquare(x,np.sum(x)/9*np.ones(9))), P9),
    (lambda x: tuple(stats.power_divergence(x,np.sum(x)/9*np.ones(9),lambda_=.5)), P9),
    (lambda x: stats.chi2_contingency(x).statistic, P45*10),
    (lambda x: tuple(stats.combine_pvalues(x)), P9/4),
    (lambda x: tuple(stats.jarque_bera(x)), X9),
    (lambda x: tuple(stats.skewtest(x)), np.r_[X9,Y9]),
    (lambda x: tuple(stats.kurtosistest(x)), np.r_[X9,Y9,X9*Y9]),
    (lambda x: tuple(stats.normaltest(x)), np.r_[X9,Y9,X9*Y9]),
    (lambda x, y: stats.kruskal(x,y).statistic, X9,Y9),
    (lambda x, y: stats.mannwhitneyu(x,y).statistic, X9,Y9),
    (lambda x: stats.wilcoxon(x).statistic, X9),
    (lambda x, y: stats.friedmanchisquare(x,y,x*y).statistic, X9,Y9),
    (lambda x: stats.cramervonmises(x,stats.norm.cdf).statistic, X9),
    (lambda x: stats.boxcox(x,.3), P9),
    (lambda lam, x: stats.boxcox_llf(lam,x), np.array(.4),P9),
    (lambda x: stats.yeojohnson(x,.3), X9),
    (lambda lam, x: stats.yeojohnson_llf(lam,x), np.array(.4),X9),
    (lambda x: stats.sigmaclip(x).clipped, X9),
    (lambda x, y: stats.wasserstein_distance(x,y), X9,Y9),
    (lambda x, y: stats.energy_distance(x,y), X9,Y9),
    (lambda x: stats.cumfreq(x,weights=x,defaultreallimits=(-3,3)).cumcount, X9),
    (lambda x, y: stats.obrientransform(x,y), X9,Y9),
    (lambda x: stats.mode(x).mode, X9),
    (lambda x, y: stats.gaussian_kde(x)(y), X9,Y9[:3]),
    (lambda y: stats.gaussian_kde(X9)(y), Y9[:3]),
    (lambda y: stats.gaussian_kde(X9).logpdf(y), Y9[:3]),
    (lambda x: stats.false_discovery_control(x), P9/4),
    (lambda x, y: stats.brunnermunzel(x,y).statistic, X9,Y9),
    (lambda x, y: stats.mood(x,y).statistic, X9,Y9),
    (lambda x, y: stats.ansari(x,y).statistic, X9,Y9),
    (lambda x, y: stats.median_test(x,y).statistic, X9,Y9),
    (lambda x, y: stats.epps_singleton_2samp(x,y).statistic, X9,Y9),
    (lambda x, y: tuple(stats.ranksums(x,y)), X9,Y9),
    (lambda x: stats.probplot(x)[1], X9),
    (lambda x: stats.chatterjeexi(x,x*2).statistic, X9),
)  # fmt: skip

SPD = S44 / 4 + np.eye(4)
SPARSE, NODES = sparse.csr_array(np.where(np.abs(SPD) > 0.4, SPD, 0)), _r.uniform(size=(7, 2))
CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.4, 0.6]])
PLACES = np.array([[0.25, 0.3], [0.7, 0.85], [3.0, 3.0]])
VECTOR, TURN = np.array([0.3, -0.7, 0.5]), transform.Rotation.from_rotvec([0.4, 0.1, -0.2])
PATH = transform.Slerp([0, 1, 2], transform.Rotation.from_rotvec(M53[:3]))
PLANES, D5 = np.outer([0.5, 1.0, 1.5], [1.0, 0.5, 0.25]), np.array([0.3, -0.2, 0.9, 0.1, 0.5])
TIGHT = {"rtol": 1e-13}

OBJECTS: tuple[tuple[Any, ...], ...] = (
    *((lambda b, name=name: getattr(sla, name)(SPARSE, b, **TIGHT)[0], V4)
      for name in ("cg", "bicg", "bicgstab", "gmres", "lgmres", "gcrotmk", "tfqmr")),
    (lambda b: sla.minres(SPARSE, b, rtol=1e-13)[0], V4),
    (lambda a, b: sla.cg(SPARSE * a, b, **TIGHT)[0], K, V4),
    (lambda a, b: sla.gmres(sla.LinearOperator((4, 4), lambda v: a * (SPD @ v)), b, **TIGHT)[0],
     K, V4),
    (lambda a, b: sla.lsqr(a, b, atol=1e-14, btol=1e-14)[0], M53, D5),
    (lambda a, b: sla.lsmr(a, b, damp=0.3, atol=1e-14, btol=1e-14)[0], M53, D5),
    (lambda a: sla.eigsh(SPARSE * a, k=2, which="LA")[0], K),
    (lambda a: sla.svds(SPARSE * a, k=2, return_singular_vectors=False), K),
    (lambda a, b: sla.expm_multiply(SPARSE * a, b), K7, V4),
    (lambda a, b: sla.expm_multiply(SPARSE * a, b, start=0, stop=1, num=3), K7, V4),
    (lambda b: sla.spsolve_triangular(sparse.tril(SPARSE).tocsr(), b), V4),
    (lambda a: sla.norm(SPARSE * a), K),
    *((lambda y, d, x, kernel=kernel: interpolate.RBFInterpolator(y, d, kernel=kernel, epsilon=1.5)
       (x), NODES, D5[[0, 1, 2, 3, 4, 0, 2]], PLACES)
      for kernel in ("linear", "thin_plate_spline", "cubic", "gaussian", "multiquadric")),
    (lambda v, x: interpolate.LinearNDInterpolator(CORNERS, v)(x), D5, PLACES[:2]),
    (lambda v, x: interpolate.griddata(CORNERS, v, x, fill_value=0.5), D5, PLACES),
    (lambda v, x: interpolate.griddata(CORNERS, v, x, method="nearest"), D5, PLACES),
    (lambda v, x: interpolate.NearestNDInterpolator(CORNERS, v)(x), D5, PLACES),
    (lambda v, x: interpolate.BarycentricInterpolator(np.arange(5.0), v)(x), D5, P5),
    (lambda v, x: interpolate.KroghInterpolator(np.arange(5.0), v)(x), D5, P5),
    (lambda v: interpolate.barycentric_interpolate(np.arange(5.0), v, [0.5, 2.0]), D5),
    (lambda v: interpolate.krogh_interpolate(np.arange(5.0), v, [0.5, 2.0]), D5),
    (lambda v: transform.Rotation.from_rotvec(v).apply(PLANES), VECTOR),
    (lambda v: transform.Rotation.from_rotvec(v * 0).as_rotvec(), VECTOR),
    (lambda v: transform.Rotation.from_euler("xyz", v).as_matrix(), VECTOR),
    (lambda v: transform.Rotation.from_euler("ZXZ", v).as_euler("XYZ", degrees=True), VECTOR),
    (lambda q: transform.Rotation.from_quat(q).as_euler("zyx"), V4),
    (lambda q: (transform.Rotation.from_quat(q) * TURN).inv().as_rotvec(), V4),
    (lambda v: transform.Rotation.from_matrix(TURN.as_matrix() @
     transform.Rotation.from_rotvec(v).as_matrix()).as_quat(canonical=True), VECTOR),
    (lambda v: TURN.apply(v, inverse=True), VECTOR),
    (lambda v: transform.Rotation.from_rotvec(v).magnitude(), VECTOR),
    (lambda v: transform.Slerp([0, 1, 2], transform.Rotation.from_rotvec(v))([0.3, 1.7]).as_quat(),
     PLANES),
    (lambda t: PATH(t).as_matrix(), np.array([0.25, 1.5])),
    (lambda x, m: stats.multivariate_normal(m, SPD).logpdf(x), V4, V4 / 2),
    (lambda x, s, df: stats.multivariate_t.logpdf(x, None, s @ s.T + SPD, df), V4, A44, K),
    (lambda x: stats.multivariate_t(V4, SPD, df=3).pdf(x), V4 / 2),
    (lambda x, df, s: stats.wishart.logpdf(x @ x.T, df + 5, s @ s.T + SPD), A44, K, B44),
    (lambda x, df, s: stats.invwishart.logpdf(x @ x.T, df + 5, s @ s.T + SPD), A44, K, B44),
    (lambda x, s: stats.matrix_normal.logpdf(x, B44, s @ s.T + SPD, SPD), A44, B44),
    (lambda p: stats.multinomial.logpmf([1, 2, 0, 3, 1], 7, p / np.sum(p)), P5),
    (lambda a: stats.dirichlet_multinomial.logpmf([1, 2, 0, 3, 1], a, 7), P5),
    (lambda x, y: special.agm(x, y), P5, P5[::-1].copy()),
    (lambda x: special.kelvin(x), P5),
    (lambda x: special.hankel1(1, x), P5),
    (lambda x: special.hankel2(2, x), P5),
)  # fmt: skip

SIGNAL: tuple[tuple[Any, ...], ...] = (
    (lambda x: signal.welch(x,nperseg=8)[1], X24),
    (lambda x: signal.welch(x,nperseg=8,average='median',detrend='linear',scaling='spectrum')[1],
    X24),
    (lambda x: signal.periodogram(x)[1], X24),
    (lambda x, y: signal.csd(x,y,nperseg=8)[1], X24,Y24),
    (lambda x, y: signal.coherence(x,y,nperseg=8)[1], X24,Y24),
    (lambda x: signal.spectrogram(x,nperseg=8)[2], X24),
    (lambda x: signal.stft(x,nperseg=8)[2], X24),
    (lambda x: signal.istft(signal.stft(x,nperseg=8)[2],nperseg=8)[1], X24),
    (lambda x, w: signal.lombscargle(np.arange(24.),x,w), X24,W),
    (lambda x: signal.resample(x,10), X24),
    (lambda x: signal.resample(x,31), X24),
    (lambda x: signal.resample(x,9,window='hamming'), X24),
    (lambda x: signal.resample_poly(x,3,2), X24),
    (lambda h, x: signal.upfirdn(h,x,2,3), H,X24),
    (lambda x: signal.decimate(x,2,n=2), X24),
    (lambda x: signal.decimate(x,2,n=4,ftype='fir'), X24),
    (lambda x: signal.hilbert2(x), M67),
    (lambda x: signal.envelope(x), X24),
    (lambda x: signal.wiener(x,3), X24),
    (lambda x: signal.medfilt(x,3), X24),
    (lambda x: signal.order_filter(x,np.ones((3,3)),4), M67),
    (lambda h: signal.deconvolve(signal.convolve(h,B),B)[0], H),
    (lambda b, a: signal.freqz(b,a,worN=5)[1], B,A),
    (lambda b, w: signal.freqz(b,worN=w)[1], B,W),
    (lambda b, a: signal.freqs(b,a,worN=np.array([.1,.4,2.]))[1], B,A),
    (lambda z, k: signal.freqz_zpk(z,z*.5,k,worN=5)[1], ZEROS,K),
    (lambda z, k: signal.freqs_zpk(z,z*.5,k,worN=np.array([.1,.4,2.]))[1], ZEROS,K),
    (lambda d: signal.savgol_coeffs(5,2,deriv=1,delta=d), K),
    (lambda t, f: signal.chirp(t,f,1.,6.), TIMES,K),
    (lambda t, f: signal.chirp(t,f,1.,6.,method='logarithmic'), TIMES,K),
    (lambda t, f: signal.chirp(t,f,1.,6.,method='quadratic'), TIMES,K),
    (lambda t, f: signal.chirp(t,f,1.,6.,method='hyperbolic'), TIMES,K),
    (lambda t, p: signal.sweep_poly(t,p), TIMES,P5),
    (lambda t: signal.gausspulse(t,fc=3.), TIMES),
    (lambda t: signal.square(t*7), TIMES+.01),
    (lambda t: signal.gauss_spline(t,3), TIMES),
    (lambda x: signal.cspline1d(x), X24),
    (lambda x: signal.qspline1d(x), X24),
    (lambda x, t: signal.cspline1d_eval(signal.cspline1d(x),t), X24,TIMES*4+.3),
    (lambda x, t: signal.qspline1d_eval(signal.qspline1d(x),t), X24,TIMES*4+.3),
    (lambda x: signal.czt(x), X24),
    (lambda x: signal.zoom_fft(x,[.1,.6],fs=2.), X24),
    (lambda x: signal.CZT(24)(x), X24),
    (lambda x, k: signal.vectorstrength(x,k), X24,K),
    (lambda b, a, h: signal.lfiltic(b,a,h), B,A,H),
    (lambda z: signal.zpk2tf(z,z*.5,1.3)[0], ZEROS),
    (lambda z, k: signal.zpk2tf(z,z*.5,k), ZEROS,K),
    (lambda s: signal.sos2tf(s), SOS),
    (lambda s: signal.sos2zpk(s)[2], SOS),
    (lambda b, a: signal.tf2zpk(b, a)[2], B, A),
    (lambda b, a: signal.tf2ss(b,a), B,A),
    (lambda A: signal.ss2tf(A,B21,C12,D11)[0], A22),
    (lambda z, k: signal.zpk2ss(z,z*.5,k), ZEROS,K),
    (lambda z, k: signal.bilinear_zpk(z,z*.5,k,2.), ZEROS,K),
    (lambda b, a, k: signal.lp2lp(b,a,k), B,A,K),
    (lambda b, a, k: signal.lp2hp(b,a,k), B,A,K),
    (lambda b, a, k: signal.lp2bp(b,a,k), B,A,K),
    (lambda b, a, k: signal.lp2bs(b,a,k), B,A,K),
    (lambda z, k: signal.lp2lp_zpk(z,z*.5,1.2,k), ZEROS,K),
    (lambda z, k: signal.lp2hp_zpk(z,z*.5,1.2,k), ZEROS,K),
    (lambda z, k: signal.lp2bp_zpk(z,z*.5,1.2,k), ZEROS,K),
    (lambda z, k: signal.lp2bs_zpk(z,z*.5,1.2,k), ZEROS,K),
    (lambda b, a: signal.normalize(b,a), B,A),
    (lambda A: signal.cont2discrete((A,B21,C12,D11),.1)[0], A22),
    (lambda A: signal.abcd_normalize(A,B21,C12,D11)[0], A22),
    (lambda x: x[signal.argrelmax(x)[0]].sum(), X24),
    (lambda k: signal.iirnotch(k/4,30.), K),
    (lambda k: signal.iirpeak(k/4,30.), K),
    (lambda k: signal.butter(2,k/4), K),
    (lambda k: signal.gammatone(k*400,'iir',fs=16000)[0], K),
    (lambda k: signal.firwin(5,k/4), K),
    (lambda k: signal.firwin2(5,[0,.5,1],np.stack([1.+0*k,k,0.*k])), K),
    (lambda k: signal.kaiser_beta(k*30), K),
    (lambda k: signal.kaiser_atten(20,k), K),
    (lambda h: signal.minimum_phase(h,half=False), np.array([.1,.5,2.,.5,.1])),
    (lambda k: signal.get_window(('kaiser',k*3),7), K),
    (lambda k: signal.get_window(('gaussian',k*3),7), K),
    (lambda x: signal.ShortTimeFFT(np.ones(5),2,1.).stft(x), X24),
    (lambda x: signal.closest_STFT_dual_window(x[:5]**2+.5,2)[0], X24),
    (lambda p: signal.firls(5,[0,.3,.5,1.],np.stack([p[0],p[1],p[2],p[3]])), P5),
)  # fmt: skip

OTHERS: tuple[tuple[Any, ...], ...] = (
    (lambda c, b: linalg.solve_circulant(c,b), V4+3,V4),
    (lambda A, B: linalg.orthogonal_procrustes(A,B), A44,B44),
    (lambda A, B: linalg.subspace_angles(A[:,:2],B[:,:2]), A44,B44),
    (lambda v: linalg.convolution_matrix(v,3), V4),
    (lambda v: linalg.fiedler(v), V4),
    (lambda v: linalg.fiedler_companion(v), V4),
    (lambda v: linalg.leslie(v,v[:3]), V4),
    (lambda v: linalg.diagsvd(v,4,5), V4),
    (lambda x: fft.fftshift(x), A44),
    (lambda x: fft.ifftshift(x), A44),
    (lambda k: fft.fftfreq(5,k), K7),
    (lambda k: fft.rfftfreq(5,k), K7),
    (lambda x: special.jacobi(3,.5,1.5)(x), P9),
    (lambda x: special.gegenbauer(3,.5)(x), P9),
    (lambda x: special.genlaguerre(3,.5)(x), P9),
    (lambda x: integrate.romb(x), P9),
    (lambda k: integrate.fixed_quad(lambda t: np.sin(t*k),0.,k)[0], K7),
    (lambda x: integrate.cumulative_simpson(x,dx=.3), P9),
    (lambda x: integrate.cumulative_simpson(x,x=np.cumsum(x),initial=0.), P9),
    (lambda k: integrate.cubature(lambda t: np.exp(-k*t[:,0]),[0.],[1.]).estimate, K7),
    (lambda x: optimize.rosen(x), P9),
    (lambda x: optimize.rosen_der(x), P9),
    (lambda x: optimize.rosen_hess(x), P9),
    (lambda x: optimize.rosen_hess_prod(x,x*2), P9),
    (lambda x: special.jvp(2, x, 1), P9),
    (lambda x: special.yvp(2, x, 1), P9),
    (lambda x: special.ivp(2, x, 1), P9),
    (lambda x: special.kvp(2, x, 1), P9),
    (lambda x: special.legendre(3)(x), P9),
    (lambda x: special.chebyt(3)(x), P9),
    (lambda x: special.chebyu(3)(x), P9),
    (lambda x: special.chebyc(3)(x), P9),
    (lambda x: special.chebys(3)(x), P9),
    (lambda x: special.laguerre(3)(x), P9),
    (lambda x: special.hermite(3)(x), P9),
    (lambda x: special.hermitenorm(3)(x), P9),
    (lambda x: special.sh_legendre(3)(x), P9),
)  # fmt: skip

IMAGES: tuple[tuple[Any, ...], ...] = (
    (lambda x: ndimage.spline_filter1d(x,3,axis=0,mode='reflect'), M67),
    (lambda x, s: ndimage.shift(x,s), M67,np.array([.4,-1.3])),
    (lambda x, s: ndimage.shift(x,s,mode='nearest'), X9,np.array(.4)),
    (lambda x: ndimage.zoom(x,1.7), M67),
    (lambda x: ndimage.zoom(x,1.7,mode='grid-constant',grid_mode=True), M67),
    (lambda x: ndimage.zoom(x,(1,.5,2)), T453),
    (lambda x: ndimage.rotate(x,30.), M67),
    (lambda x, a: ndimage.rotate(x,a,reshape=False,mode='mirror'), M67,np.array(20.)),
    (lambda x: ndimage.rotate(x,30.,axes=(0,2),order=1), T453),
    (lambda x: ndimage.rotate(x,30.,axes=(2,1)), T453),
    (lambda x, a: ndimage.affine_transform(x,a,mode='reflect',output_shape=(4,5)),
     M67,np.array([[.9,.1,.2],[-.2,1.1,.1]])),
    (lambda x, a: ndimage.affine_transform(x,a,offset=.23,mode='reflect'), M67,np.array([.9,.8])),
    (lambda x: ndimage.zoom(x,1.7,order=1), INTS),
    (lambda x: ndimage.shift(x,.3), INTS),
    (lambda x: ndimage.extrema(x,LABELS,[1,2])[:2], M67),
    (lambda x: ndimage.labeled_comprehension(x,LABELS,[1,2],np.sum,float,0), M67),
    (lambda x: ndimage.maximum_filter1d(x,3), M67),
    (lambda x: ndimage.minimum_filter1d(x,3), M67),
    (lambda x: ndimage.percentile_filter(x,30,size=3), M67),
    (lambda x: ndimage.rank_filter(x,2,size=3), M67),
    (lambda x: ndimage.vectorized_filter(x,np.mean,size=3), M67),
    (lambda x: ndimage.histogram(x,-2,2,4), M67),
    (lambda x: ndimage.sum(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.sum(x), M67),
    (lambda x: ndimage.mean(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.mean(x), M67),
    (lambda x: ndimage.variance(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.variance(x), M67),
    (lambda x: ndimage.standard_deviation(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.standard_deviation(x), M67),
    (lambda x: ndimage.minimum(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.minimum(x), M67),
    (lambda x: ndimage.maximum(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.maximum(x), M67),
    (lambda x: ndimage.median(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.median(x), M67),
    (lambda x: ndimage.center_of_mass(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.center_of_mass(x), M67),
    (lambda x: ndimage.sum_labels(x, LABELS, [1, 2]), M67),
    (lambda x: ndimage.sum_labels(x), M67),
    (lambda x: ndimage.maximum_filter(x, size=3), M67),
    (lambda x: ndimage.minimum_filter(x, size=3), M67),
    (lambda x: ndimage.median_filter(x, size=3), M67),
    (lambda x: ndimage.grey_erosion(x, size=3), M67),
    (lambda x: ndimage.grey_dilation(x, size=3), M67),
    (lambda x: ndimage.grey_opening(x, size=3), M67),
    (lambda x: ndimage.grey_closing(x, size=3), M67),
    (lambda x: ndimage.morphological_gradient(x, size=3), M67),
    (lambda x: ndimage.morphological_laplace(x, size=3), M67),
    (lambda x: ndimage.white_tophat(x, size=3), M67),
    (lambda x: ndimage.black_tophat(x, size=3), M67),
    (lambda x, at: ndimage.map_coordinates(x, at, order=2, mode="reflect", cval=0.5), M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=3, mode="grid-mirror", cval=0.5),
     M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=4, mode="constant", cval=0.5),
     M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=5, mode="grid-constant", cval=0.5),
     M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=3, mode="nearest", cval=0.5), M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=2, mode="mirror", cval=0.5), M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=3, mode="grid-wrap", cval=0.5),
     M67, OUTSIDE),
    (lambda x, at: ndimage.map_coordinates(x, at, order=3, mode="wrap", cval=0.5), M67, OUTSIDE),
)  # fmt: skip

# -- distributions ---------------------------------------------------------------------------------


def _methods(name: str, methods: str) -> Any:
    """Those of a distribution, at once: what is infinite has nothing to differentiate."""

    def function(x: Any, q: Any, *parameters: Any) -> list[Any]:
        family = getattr(stats, name)
        found = []
        for method in methods.split():
            value = getattr(family, method)(q if method in ("ppf", "isf") else x, *parameters)
            found.append(np.where(np.isfinite(value), value, 0.0))
        return found

    function.__name__ = name
    return function


def _of_family(name: str, methods: str) -> tuple[Any, ...]:
    family, q = getattr(stats, name), np.array([0.15, 0.4, 0.8])
    given = dict(
        reversed([row for row in (*distcont, *distdiscrete) if isinstance(row[0], str)])
    ) | {"fatiguelife": (1.5,)}
    if isinstance(family, stats.rv_discrete):
        shapes = [int(x) if float(x).is_integer() else np.array(x) for x in given[name]]
        counts = [int(k) for k in family.ppf(q, *shapes)]
        return _methods(name, methods), np.array([*counts, counts[0] - 100]), 0, *shapes
    shapes = [np.array(float(x)) for x in given[name]]
    loc, scale = np.array(0.25), np.array(1.5)
    inside = family.ppf(q, *shapes, loc, scale)
    bounded = np.isfinite(family.support(*shapes, loc, scale)[0])
    x = np.append(inside, -1e3) if bounded else inside
    return _methods(name, methods), x, q, *shapes, loc, scale


FAMILIES = [_of_family(name, methods) for name, methods in ROWS.items()]

CALLS = (*FAMILIES, *STATS, *SIGNAL, *OTHERS, *IMAGES, *OBJECTS)
