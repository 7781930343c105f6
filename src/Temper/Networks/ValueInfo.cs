using Temper.Tensors;

namespace Temper.Networks;

/// <summary>What is known of a value before any number is computed.</summary>
/// <param name="Shape">Its shape; that of a batched value for a batch of one.</param>
/// <param name="DType">Its dtype.</param>
/// <param name="IsBatched">Whether axis 0 is the batch: free in length, its samples kept apart by every node.</param>
internal readonly record struct ValueInfo(Shape Shape, DType DType, bool IsBatched);
