using System.Runtime.InteropServices;
using Temper.Kernels;
using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// A dense array of numbers with a shape and a dtype, immutable to its users. Axes mean what they mean in PyTorch and
/// ONNX: <c>[N, C, H, W]</c> for images, <c>[O, I, KH, KW]</c> for convolution weights.
/// </summary>
/// <remarks>
/// Operations are eager and deterministic for any number of threads. Outside a <see cref="GradientTape"/> memory
/// belongs to the garbage collector, or to a <see cref="TensorScope"/>; what a tape recorded goes back with the tape,
/// and touching it afterwards throws <see cref="ObjectDisposedException"/>. Reading from several threads at once is
/// safe.
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

    /// <summary>What kind of number it holds.</summary>
    public DType DType { get; }

    /// <summary>Number of axes; 0 for a scalar.</summary>
    public int Rank => Shape.Rank;

    /// <summary>Number of elements.</summary>
    public int Count => Shape.Count;

    internal Layout Layout { get; }

    internal Storage Storage => _storage;

    /// <summary>
    /// Makes a tensor from values in row-major order (the last axis varies fastest). The values are copied.
    /// </summary>
    /// <typeparam name="T">float, long, int, byte or bool.</typeparam>
    /// <param name="values">As many values as <paramref name="shape"/> has elements.</param>
    /// <param name="shape">Any shape.</param>
    /// <exception cref="ArgumentException">The number of values does not fit the shape.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape)
        where T : unmanaged
    {
        if (values.Length != shape.Count)
        {
            throw new ArgumentException(
                $"Tensor.From: number of values does not fit the shape (got {values.Length}, expected {shape.Count} "
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

    /// <summary>Makes a tensor whose elements all have one value.</summary>
    public static Tensor Full<T>(Shape shape, T value)
        where T : unmanaged
    {
        var storage = new Storage<T>(shape.Count, owner: null);
        storage.Span.Fill(value);
        return new Tensor(storage, shape, DTypes.Of<T>(), Layout.RowMajor);
    }

    /// <summary>Makes a float32 tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape) => Full(shape, 0f);

    /// <summary>Makes a float32 tensor of ones.</summary>
    public static Tensor Ones(Shape shape) => Full(shape, 1f);

    /// <summary>Makes a tensor of rank 0.</summary>
    public static Tensor Scalar<T>(T value)
        where T : unmanaged => Full(Shape.Scalar, value);

    /// <summary>The values in row-major order, whatever the order in memory. Valid as long as the tensor is.</summary>
    /// <typeparam name="T">The .NET type of the tensor's dtype.</typeparam>
    /// <exception cref="InvalidOperationException">The dtype has other elements.</exception>
    /// <exception cref="ObjectDisposedException">The tape that owned the memory is closed.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged
    {
        // A copy in row-major order lives as long as the tensor, whatever scope is open now.
        using (MemoryScope.Enter(_storage.Owner is { IsOfThisThread: true } owner ? owner : null))
        {
            return ToRowMajor().Physical<T>();
        }
    }

    /// <summary>A copy of the values in row-major order.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public T[] ToArray<T>()
        where T : unmanaged => AsSpan<T>().ToArray();

    /// <summary>The only element of a float32 tensor.</summary>
    /// <exception cref="InvalidOperationException">There is not exactly one element.</exception>
    public float ToScalar() => Count == 1
        ? Physical<float>()[0]
        : throw new InvalidOperationException(
            $"Tensor.ToScalar: needs exactly one element (got shape {Shape}); reduce it first, "
            + "for example with Mean()");

    /// <summary>A copy whose memory belongs to the garbage collector and that no tape follows.</summary>
    public Tensor Detach()
    {
        using (MemoryScope.Enter(null))
        {
            return Copy();
        }
    }

    /// <summary>Shape, dtype and the first values.</summary>
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
            where T : unmanaged =>
            $"{{{string.Join(", ", AsSpan<T>()[..Math.Min(Count, Shown)].ToArray())}{(Count > Shown ? ", ..." : "")}}}";
    }

    /// <summary>New memory, contents undefined, owned by the thread's current scope.</summary>
    internal static Tensor Allocate<T>(Shape shape, Layout layout = Layout.RowMajor)
        where T : unmanaged =>
        new(Storage.Create<T>(shape.Count, MemoryScope.Current), shape, DTypes.Of<T>(), layout);

    /// <inheritdoc cref="Allocate{T}"/>
    internal static Tensor Allocate(Shape shape, Layout layout = Layout.RowMajor) => Allocate<float>(shape, layout);

    /// <summary>A tensor on memory of somebody else, who keeps it in place until the storage is returned.</summary>
    internal static Tensor Over(FloatAddress memory, Shape shape, Layout layout = Layout.RowMajor) =>
        new(new Storage<float>(memory, shape.Count), shape, DType.Float32, layout);

    /// <summary>
    /// Where the numbers of a float32 tensor lie that a scope owns; no place where the garbage collector may move them.
    /// </summary>
    internal FloatAddress Address => Typed<float>().Address;

    /// <summary>
    /// This tensor if its memory belongs to the garbage collector, else a copy that does; itself also where a tape
    /// follows it, since a copy would cut its gradient off.
    /// </summary>
    internal Tensor Owned() => _storage.Owner is null || GradientTape.IsFollowed(this) ? this : Detach();

    /// <summary>A copy that no tape follows, owned by the thread's current scope.</summary>
    internal Tensor Copy() => DType switch
    {
        DType.Float32 => CopyOf<float>(),
        DType.Int64 => CopyOf<long>(),
        DType.Int32 => CopyOf<int>(),
        DType.UInt8 => CopyOf<byte>(),
        _ => CopyOf<bool>(),
    };

    /// <summary>Overwrites the values with another tensor's of the same shape, dtype and layout.</summary>
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

    /// <summary>The values in the order in which they lie in memory.</summary>
    internal ReadOnlySpan<T> Physical<T>()
        where T : unmanaged => Typed<T>().Span;

    /// <inheritdoc cref="Physical{T}"/>
    internal ReadOnlySpan<float> Physical() => Typed<float>().Span;

    /// <summary>The memory to be written: while making a tensor, or by an owner that marks the write.</summary>
    internal Span<T> Writable<T>()
        where T : unmanaged => Typed<T>().Span;

    /// <inheritdoc cref="Writable{T}"/>
    internal Span<float> Writable() => Typed<float>().Span;

    /// <summary>The same memory under another shape. Valid for row-major tensors only.</summary>
    internal Tensor View(Shape shape) => new(_storage, shape, DType, Layout.RowMajor);

    /// <summary>The same memory as another tensor.</summary>
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
