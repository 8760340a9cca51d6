/**
 * Roots of the secular equation 1/ρ + Σ zᵢ²/(dᵢ − λ) = 0, the eigenvalues of diag(d) + ρ·z·zᵀ, by the
 * middle way of R.-C. Li ("Solving secular equations stably and efficiently", LAPACK Working Note
 * 89), bracketed so that it always ends.
 */

/**
 * The root between d[index] and its upper neighbour, above the last for the last index.
 *
 * @param d ascending, all different.
 * @param z without zeros, of norm one.
 * @param rho positive.
 * @param differences becomes dᵢ − λ for every i, accurate even where the two are close.
 */
export function secularRoot(
  d: Float64Array,
  z: Float64Array,
  rho: number,
  index: number,
  differences: Float64Array,
): number {
  const n = d.length;
  const isLast = index === n - 1;
  const gap = isLast ? rho : d[index + 1] - d[index];
  const equation = new SecularEquation(d, z, rho, index);
  equation.moveTo(d[index], gap / 2);
  const fromLeft = isLast || equation.value() > 0;
  const origin = fromLeft ? d[index] : d[index + 1];
  let [low, high] = fromLeft ? [0, isLast ? gap : gap / 2] : [-gap / 2, 0];
  let root = fromLeft ? gap / 2 : -gap / 2;
  for (let round = 0; round < 200; round++) {
    equation.moveTo(origin, root);
    const value = equation.value();
    if (Math.abs(value) <= Number.EPSILON * equation.roundoff(root)) break;
    if (value < 0) low = root;
    else high = root;
    let next = root + equation.step();
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (next === root || next === low || next === high) break;
    root = next;
  }
  for (let i = 0; i < n; i++) differences[i] = d[i] - origin - root;
  return origin + root;
}

class SecularEquation {
  /** Sums over the poles up to `index` and beyond it, with their derivatives. */
  private psi = 0;
  private dPsi = 0;
  private phi = 0;
  private dPhi = 0;
  /** Distance to the two poles beside the root. */
  private below = 0;
  private above = 0;

  constructor(
    private readonly d: Float64Array,
    private readonly z: Float64Array,
    private readonly rho: number,
    private readonly index: number,
  ) {}

  moveTo(origin: number, offset: number): void {
    const { d, z, index } = this;
    let [sum, slope] = [0, 0];
    for (let i = 0; i <= index; i++) {
      const ratio = z[i] / (d[i] - origin - offset);
      sum += z[i] * ratio;
      slope += ratio * ratio;
    }
    [this.psi, this.dPsi] = [sum, slope];
    [sum, slope] = [0, 0];
    for (let i = d.length - 1; i > index; i--) {
      const ratio = z[i] / (d[i] - origin - offset);
      sum += z[i] * ratio;
      slope += ratio * ratio;
    }
    [this.phi, this.dPhi] = [sum, slope];
    this.below = d[index] - origin - offset;
    this.above = index + 1 < d.length ? d[index + 1] - origin - offset : Infinity;
  }

  value(): number {
    return 1 / this.rho + this.psi + this.phi;
  }

  /** What rounding may make of the value, in units of the machine's precision. */
  roundoff(offset: number): number {
    return 8 * (this.phi - this.psi) + 1 / this.rho + Math.abs(offset) * (this.dPsi + this.dPhi);
  }

  /** To the root of the equation with the two neighbouring poles that fits here. */
  step(): number {
    const { below, above, dPsi, dPhi } = this;
    const f = this.value();
    if (above === Infinity) return below + (below * below * dPsi) / (f - below * dPsi);
    const c = f - below * dPsi - above * dPhi;
    const a = (below + above) * f - below * above * (dPsi + dPhi);
    const b = below * above * f;
    const root = Math.sqrt(Math.max(0, a * a - 4 * b * c));
    if (a <= 0) return c === 0 ? b / a : (a - root) / (2 * c);
    return (2 * b) / (a + root);
  }
}
