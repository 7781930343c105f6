using System.Globalization;
using System.Runtime.InteropServices;
using Temper.Kernels;
using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// A dense, immutable array of numbers with a shape and a dtype. Axes have the same meaning as in PyTorch and ONNX:
/// <c>[N, C, H, W]</c> for images, <c>[O, I, KH, KW]</c> for convolution weights.
/// </summary>
/// <remarks>
/// Operations are eager; their results do not depend on the number of threads. The memory of a tensor created outside a
/// <see cref="GradientTape"/> belongs to the garbage collector, or to the current <see cref="TensorScope"/>. The memory
/// of tensors recorded by a tape is released with the tape; accessing such a tensor later throws
/// <see cref="ObjectDisposedException"/>. Concurrent reads are safe.
/// </remarks>
public sealed partial class Tensor
{
    private readonly Storage _storage;
    private Tensor? _rowMajor;
    private int _rowMajorVersions;

    private Tensor(Storage storage, Shape shape, DType dtype, Layout layout)
    {
        _storage = storage;
        Shape = shape;
        DType = dtype;
        Layout = layout;
    }

    /// <summary>Lengths of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Number of axes; 0 for a scalar.</summary>
    public int Rank => Shape.Rank;

    /// <summary>Number of elements.</summary>
    public int Count => Shape.Count;

    internal Layout Layout { get; }

    internal Storage Storage => _storage;

    /// <summary>
    /// Creates a tensor from values in row-major order (the last axis varies fastest). The values are copied.
    /// </summary>
    /// <typeparam name="T">float, long, int, byte or bool.</typeparam>
    /// <param name="values">The values, one per element of <paramref name="shape"/>.</param>
    /// <param name="shape">Any shape.</param>
    /// <exception cref="ArgumentException">
    /// The number of values differs from the number of elements of the shape.
    /// </exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape)
        where T : unmanaged
    {
        if (values.Length != shape.Count)
        {
            throw new ArgumentException(
                $"Tensor.From: number of values does not match the shape (got {values.Length}, expected {shape.Count} "
                + $"for {shape})",
                nameof(values));
        }

        var storage = new Storage<T>(shape.Count, owner: null);
        values.CopyTo(storage.Span);
        return new Tensor(storage, shape, DTypes.Of<T>(), Layout.RowMajor);
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape)"/>
    public static Tensor From<T>(T[] values, Shape shape)
        where T : unmanaged => From(values.AsSpan(), shape);

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape)"/>
    public static Tensor From<T>(Span<T> values, Shape shape)
        where T : unmanaged => From((ReadOnlySpan<T>)values, shape);

    /// <summary>Creates a tensor with all elements equal to <paramref name="value"/>.</summary>
    public static Tensor Full<T>(Shape shape, T value)
        where T : unmanaged
    {
        var storage = new Storage<T>(shape.Count, owner: null);
        storage.Span.Fill(value);
        return new Tensor(storage, shape, DTypes.Of<T>(), Layout.RowMajor);
    }

    /// <summary>Creates a float32 tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape) => Full(shape, 0f);

    /// <summary>Creates a float32 tensor of ones.</summary>
    public static Tensor Ones(Shape shape) => Full(shape, 1f);

    /// <summary>Creates a tensor of rank 0.</summary>
    public static Tensor Scalar<T>(T value)
        where T : unmanaged => Full(Shape.Scalar, value);

    /// <summary>
    /// Returns the values in row-major order, regardless of the layout in memory. The span is valid as long as the
    /// tensor is.
    /// </summary>
    /// <typeparam name="T">.NET type of the tensor's dtype.</typeparam>
    /// <exception cref="InvalidOperationException">The dtype has elements of another type.</exception>
    /// <exception cref="ObjectDisposedException">The tape or scope that owned the memory is closed.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged
    {
        // Create a row-major copy in the scope that owns this tensor, so that both have the same lifetime.
        using (MemoryScope.Enter(_storage.Owner is { IsOfThisThread: true } owner ? owner : null))
        {
            return ToRowMajor().Physical<T>();
        }
    }

    /// <summary>Returns a copy of the values in row-major order.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public T[] ToArray<T>()
        where T : unmanaged => AsSpan<T>().ToArray();

    /// <summary>Returns the only element of a float32 tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor does not have exactly one element.</exception>
    public float ToScalar() => Count == 1
        ? Physical<float>()[0]
        : throw new InvalidOperationException(
            $"Tensor.ToScalar: needs exactly one element (got shape {Shape}); reduce it first, "
            + "for example with Mean()");

    /// <summary>Returns a copy that no tape tracks. The garbage collector owns its memory.</summary>
    public Tensor Detach()
    {
        using (MemoryScope.Enter(null))
        {
            return Copy();
        }
    }

    /// <summary>Returns the shape, the dtype and the first values as text.</summary>
    public override string ToString()
    {
        if (_storage.IsReturned)
        {
            return $"Tensor{Shape} {DType} (memory returned)";
        }

        const int Shown = 8;
        string values = DType switch
        {
            DType.Float32 => Text<float>(),
            DType.Int64 => Text<long>(),
            DType.Int32 => Text<int>(),
            DType.UInt8 => Text<byte>(),
            _ => Text<bool>(),
        };
        return $"Tensor{Shape} {DType} {values}";

        string Text<T>()
            where T : unmanaged
        {
            string[] shown = Array.ConvertAll(
                AsSpan<T>()[..Math.Min(Count, Shown)].ToArray(),
                value => string.Create(CultureInfo.InvariantCulture, $"{value}"));
            return $"{{{string.Join(", ", shown)}{(Count > Shown ? ", ..." : "")}}}";
        }
    }

    /// <summary>Allocates a tensor with undefined contents, owned by the thread's current scope.</summary>
    internal static Tensor Allocate<T>(Shape shape, Layout layout = Layout.RowMajor)
        where T : unmanaged =>
        new(Storage.Create<T>(shape.Count, MemoryScope.Current), shape, DTypes.Of<T>(), layout);

    /// <inheritdoc cref="Allocate{T}"/>
    internal static Tensor Allocate(Shape shape, Layout layout = Layout.RowMajor) => Allocate<float>(shape, layout);

    /// <summary>
    /// Creates a tensor on external memory, which its owner keeps in place until the storage is returned.
    /// </summary>
    internal static Tensor Over(FloatAddress memory, Shape shape, Layout layout = Layout.RowMajor) =>
        new(new Storage<float>(memory, shape.Count), shape, DType.Float32, layout);

    /// <summary>
    /// Address of the elements of a float32 tensor owned by a scope; null if the garbage collector may move them.
    /// </summary>
    internal FloatAddress Address => Typed<float>().Address;

    /// <summary>
    /// Returns this tensor if the garbage collector owns its memory, else a copy that it owns. A tensor tracked by a
    /// tape is returned as it is, because a copy would lose its gradient.
    /// </summary>
    internal Tensor Owned() => _storage.Owner is null || GradientTape.IsFollowed(this) ? this : Detach();

    /// <summary>Returns a copy that no tape tracks, owned by the thread's current scope.</summary>
    internal Tensor Copy() => DType switch
    {
        DType.Float32 => CopyOf<float>(),
        DType.Int64 => CopyOf<long>(),
        DType.Int32 => CopyOf<int>(),
        DType.UInt8 => CopyOf<byte>(),
        _ => CopyOf<bool>(),
    };

    /// <summary>Overwrites the values with those of a tensor of the same shape, dtype and layout.</summary>
    internal void CopyFrom(Tensor other)
    {
        if (DType == DType.Int64)
        {
            other.Physical<long>().CopyTo(Writable<long>());
        }
        else
        {
            other.Physical<float>().CopyTo(Writable<float>());
        }

        Storage.MarkWritten();
    }

    /// <summary>The values in memory order, which depends on the tensor's layout.</summary>
    internal ReadOnlySpan<T> Physical<T>()
        where T : unmanaged => Typed<T>().Span;

    /// <inheritdoc cref="Physical{T}"/>
    internal ReadOnlySpan<float> Physical() => Typed<float>().Span;

    /// <summary>
    /// The memory for writing, in memory order. Only for new tensors, or for owners that call <c>MarkWritten</c>.
    /// </summary>
    internal Span<T> Writable<T>()
        where T : unmanaged => Typed<T>().Span;

    /// <inheritdoc cref="Writable{T}"/>
    internal Span<float> Writable() => Typed<float>().Span;

    /// <summary>Returns a tensor of another shape on the same memory. Only for row-major tensors.</summary>
    internal Tensor View(Shape shape) => new(_storage, shape, DType, Layout.RowMajor);

    /// <summary>Returns another tensor object on the same memory.</summary>
    internal Tensor Alias() => new(_storage, Shape, DType, Layout);

    private Tensor CopyOf<T>()
        where T : unmanaged
    {
        Tensor copy = Allocate<T>(Shape, Layout);
        Physical<T>().CopyTo(copy.Writable<T>());
        return copy;
    }

    private Storage<T> Typed<T>()
        where T : unmanaged =>
        _storage as Storage<T> ?? throw new InvalidOperationException(
            $"Tensor: elements are not {typeof(T).Name} (got {DType}); read it with the .NET type of its dtype");
}
