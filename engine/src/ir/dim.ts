/**
 * A dimension of a shape: a number, or an expression over the model's symbols in canonical text,
 * for example `batch` or `floor((w + 1)/2)`.
 */
export type Dim = number | string;
