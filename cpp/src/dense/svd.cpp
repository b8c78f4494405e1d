// SPDX-License-Identifier: BSD-3-Clause
#include "dense/svd_with_eigen.hpp"

namespace hessolve {

template Svd<float> svd<float>(InColMajor<float>);
template void singular_values<float>(InColMajor<float>, Real<float>*);
template Svd<double> svd<double>(InColMajor<double>);
template void singular_values<double>(InColMajor<double>, Real<double>*);

}  // namespace hessolve
