// SPDX-License-Identifier: BSD-3-Clause
#include "dense/svd_with_eigen.hpp"

namespace hessolve {

template Svd<std::complex<float>> svd<std::complex<float>>(InColMajor<std::complex<float>>);
template void singular_values<std::complex<float>>(InColMajor<std::complex<float>>, Real<std::complex<float>>*);
template Svd<std::complex<double>> svd<std::complex<double>>(InColMajor<std::complex<double>>);
template void singular_values<std::complex<double>>(InColMajor<std::complex<double>>, Real<std::complex<double>>*);

}  // namespace hessolve
