using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Static properties of a value, known before anything is computed.</summary>
/// <param name="Shape">Shape of the value, for a batch of one if it is batched.</param>
/// <param name="DType">Dtype of the value.</param>
/// <param name="IsBatched">True if axis 0 is the batch, of any length, with independent samples.</param>
internal readonly record struct ValueInfo(Shape Shape, DType DType, bool IsBatched);
