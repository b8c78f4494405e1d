// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/csr.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/iterative/options.hpp>

#include <memory>
#include <utility>

namespace hessolve {

template <class T>
class Entries;

/// A known by its products: all that Krylov methods need. Preconditioners are operators as well, M ~ A^-1.
template <class T>
class Operator {
 public:
  Operator(Index rows, Index cols) : rows_(rows), cols_(cols) {}
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  virtual ~Operator() = default;

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return cols_; }
  /// y := A x; x and y are contiguous and do not overlap.
  virtual void apply(const T* x, T* y) const = 0;
  /// y := A^H x. @throws std::invalid_argument where only A is known.
  virtual void apply_adjoint(const T* x, T* y) const;
  [[nodiscard]] virtual bool has_adjoint() const { return true; }
  /// y := A x and @return x^H y, A square.
  virtual T apply_dot(const T* x, T* y) const;
  /// r := b - A x
  virtual void residual(const T* b, const T* x, T* r) const;
  /// The matrix behind the operator, where its entries are known; else null.
  [[nodiscard]] virtual const Entries<T>* entries() const { return nullptr; }

 private:
  Index rows_;
  Index cols_;
};

/// What one look at a matrix tells.
struct MatrixFacts {
  bool hermitian = false;          ///< to 100 eps
  bool positive_diagonal = false;  ///< real and positive
  Index zero_diagonal = -1;        ///< the first row whose diagonal is zero or missing
  Index row = -1;                  ///< where not Hermitian: a(row, col) and conj(a(col, row)) differ
  Index col = -1;
};

/// The undirected graph of a square matrix: an edge where a_ij or a_ji is stored and not zero, no loops.
struct Graph {
  std::vector<Index> starts;  ///< n + 1
  std::vector<Index> ends;    ///< neighbours of i, rising: ends[starts[i]] ... ends[starts[i + 1] - 1]
};

/// One pass over the rows in an order, for Gauss-Seidel and its relatives.
struct RowOrder {
  const Index* order = nullptr;   ///< the rows; null: 0, 1, ..., n - 1
  const Index* starts = nullptr;  ///< groups of rows that do not refer to each other: starts[g] ... starts[g + 1] - 1
  Index groups = 0;
  bool backward = false;
};

/// A matrix whose entries are known: products and sweeps. All sweeps are in place on x; b is read.
template <class T>
class Entries : public Operator<T> {
 public:
  using Operator<T>::Operator;
  [[nodiscard]] const Entries* entries() const override { return this; }

  [[nodiscard]] virtual MatrixFacts facts() const = 0;
  /// The largest row sum of moduli.
  [[nodiscard]] virtual Real<T> infinity_norm() const = 0;
  /// The root of the sum of squared moduli, without overflow or underflow of the squares.
  [[nodiscard]] virtual double frobenius_norm() const = 0;
  /// The first NaN or infinity: (row, column), or (-1, -1).
  [[nodiscard]] virtual std::pair<Index, Index> find_non_finite() const = 0;
  virtual void diagonal(T* d) const = 0;
  /// Squared 2-norms of the rows.
  virtual void squared_row_norms(Real<T>* norms) const = 0;
  /// Row by row, x_i := (1 - omega) x_i + omega (b_i - sum over j != i of a_ij x_j) / a_ii with the newest x.
  /// @return the first row met whose diagonal is zero (x is then half swept), or -1.
  virtual Index relax(const RowOrder& rows, Real<T> omega, const T* b, T* x) const = 0;
  /// y := x + omega D^-1 (b - A x). @return as relax; y does not overlap x.
  virtual Index relax_jacobi(Real<T> omega, const T* b, const T* x, T* y) const = 0;
  /// x := x + omega a_i^H (b_i - a_i x) / ||a_i||^2 for the rows a_i in turn, or those that `drawn` lists.
  virtual void project_rows(const Real<T>* squared_norms, const Index* drawn, Real<T> omega, const T* b,
                            T* x) const = 0;
  [[nodiscard]] virtual Graph graph() const = 0;
  /// A colour 0 or 1 for every row such that no row refers to one of its own colour, found in one pass over the rows;
  /// empty where that pass does not find one, which does not mean that there is none.
  [[nodiscard]] virtual std::vector<signed char> two_colors() const { return {}; }
  /// A by compressed rows, columns rising, nothing stored twice.
  struct Rows {
    std::vector<Index> indptr;
    std::vector<Index> indices;
    std::vector<T> values;
    [[nodiscard]] CsrView<T, Index> view(Index m, Index n) const {
      return {m, n, indptr.data(), indices.data(), values.data()};
    }
  };
  [[nodiscard]] virtual Rows by_rows() const = 0;
};

/// The matrix in the caller's memory, which must outlive the operator. A dense matrix whose rows are not contiguous is
/// copied, so that both memory orders give the same bits.
template <class T>
[[nodiscard]] std::unique_ptr<Entries<T>> dense_operator(MatrixView<const T> A);
template <class T, class I>
[[nodiscard]] std::unique_ptr<Entries<T>> csr_operator(CsrView<T, I> A);
template <class T, class I>
[[nodiscard]] std::unique_ptr<Entries<T>> csc_operator(CscView<T, I> A);

}  // namespace hessolve
