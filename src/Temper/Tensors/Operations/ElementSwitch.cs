using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Generic code to run for the element type of a tensor.</summary>
internal interface IElementBody<out TResult>
{
    TResult Run<T>()
        where T : unmanaged, IEquatable<T>, IComparable<T>;
}

/// <summary>Dispatches from a dtype known at run time to the .NET type of its elements.</summary>
internal static class ElementSwitch
{
    internal static TResult Run<TBody, TResult>(DType type, TBody body)
        where TBody : struct, IElementBody<TResult> => type switch
        {
            DType.Float32 => body.Run<float>(),
            DType.Int64 => body.Run<long>(),
            DType.Int32 => body.Run<int>(),
            DType.UInt8 => body.Run<byte>(),
            _ => body.Run<bool>(),
        };

    /// <summary>Allocates a tensor of a dtype, with undefined contents.</summary>
    internal static Tensor Allocate(DType type, Shape shape) => Run<AllocateBody, Tensor>(type, new(shape));

    /// <summary>Sets every element to one value; for integers it is truncated toward zero.</summary>
    internal static void Fill(Tensor y, float value)
    {
        switch (y.DType)
        {
            case DType.Float32: y.Writable().Fill(value); break;
            case DType.Int64: y.Writable<long>().Fill((long)value); break;
            case DType.Int32: y.Writable<int>().Fill((int)value); break;
            case DType.UInt8: y.Writable<byte>().Fill((byte)value); break;
            default: y.Writable<bool>().Fill(value != 0); break;
        }
    }

    /// <summary>Copies the elements of a view of a tensor to a new tensor.</summary>
    internal static Tensor Read(Tensor x, StridedView view, Shape shape) =>
        Run<ReadBody, Tensor>(x.DType, new(x, view, shape));

    /// <summary>Copies a tensor's elements to a view of another tensor of the same dtype.</summary>
    internal static void Write(Tensor x, Tensor y, StridedView view) =>
        Run<WriteBody, Tensor>(x.DType, new(x, y, view));

    private readonly struct AllocateBody(Shape shape) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T> => Tensor.Allocate<T>(shape);
    }

    private readonly struct ReadBody(Tensor x, StridedView view, Shape shape) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            Tensor y = Tensor.Allocate<T>(shape);
            StridedCopies.Read(x.ToRowMajor().Physical<T>(), view, y.Writable<T>());
            return y;
        }
    }

    private readonly struct WriteBody(Tensor x, Tensor y, StridedView view) : IElementBody<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, IEquatable<T>, IComparable<T>
        {
            StridedCopies.Write(x.ToRowMajor().Physical<T>(), y.Writable<T>(), view);
            return y;
        }
    }
}
