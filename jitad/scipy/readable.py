"""SciPy's functions that are read as programs, as the user's are: they are written with others.

Tests know of these that they are right when they are read, with derivatives. `within` says what
stands for what they call.
"""

from __future__ import annotations

_NAMES = {
    "fft": """
        fftshift ifftshift fftfreq rfftfreq
    """,
    "integrate": """
        cubature cumulative_simpson fixed_quad romb
    """,
    "linalg": """
        convolution_matrix diagsvd fiedler fiedler_companion leslie
        orthogonal_procrustes solve_circulant subspace_angles
    """,
    "ndimage": """
        black_tophat center_of_mass extrema grey_closing grey_dilation grey_erosion
        grey_opening histogram labeled_comprehension maximum maximum_filter mean median
        median_filter minimum minimum_filter morphological_gradient morphological_laplace
        percentile_filter rank_filter standard_deviation sum sum_labels variance
        vectorized_filter white_tophat
    """,
    "optimize": """
        rosen rosen_der rosen_hess rosen_hess_prod
    """,
    "signal": """
        abcd_normalize argrelextrema argrelmax iirfilter bilinear_zpk butter chirp
        closest_STFT_dual_window
        coherence cont2discrete csd cspline1d cspline1d_eval czt decimate deconvolve
        envelope firls firwin firwin2 freqs freqs_zpk freqz freqz_zpk gammatone gauss_spline
        gausspulse get_window hilbert2 iirnotch iirpeak istft kaiser_atten kaiser_beta
        lfiltic lombscargle lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk
        medfilt minimum_phase normalize order_filter periodogram qspline1d qspline1d_eval
        resample resample_poly savgol_coeffs sos2tf sos2zpk spectrogram square ss2tf stft
        sweep_poly tf2ss tf2zpk vectorstrength welch wiener zoom_fft zpk2ss zpk2tf
    """,
    "special": """
        chebyc chebys chebyt chebyu gegenbauer genlaguerre hermite hermitenorm ivp jacobi
        jvp kvp laguerre legendre sh_legendre yvp
    """,
    "stats": """
        alexandergovern ansari bartlett boxcox boxcox_llf brunnermunzel chatterjeexi
        chi2_contingency chisquare circmean circstd circvar combine_pvalues cramervonmises
        cumfreq describe differential_entropy directional_stats energy_distance entropy
        epps_singleton_2samp f_oneway false_discovery_control fligner friedmanchisquare
        gmean gstd gzscore hmean iqr jarque_bera kruskal kstat kstatvar kurtosis
        kurtosistest levene linregress lmoment mannwhitneyu median_abs_deviation median_test
        mode moment mood normaltest obrientransform pearsonr percentileofscore pmean
        pointbiserialr power_divergence probplot quantile rankdata ranksums
        scoreatpercentile sem sigmaclip skew skewtest spearmanr theilslopes tmax tmean tmin
        trim1 trim_mean tsem tstd ttest_1samp ttest_ind ttest_ind_from_stats ttest_rel tvar
        variation wasserstein_distance wilcoxon yeojohnson yeojohnson_llf zmap zscore
    """,
}

READ = {module: frozenset(names.split()) for module, names in _NAMES.items()}
"""Their names, by modules of SciPy's."""
