using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Functions of one element that need no attributes; the names are those of ONNX.</summary>
public enum PointwiseFunction
{
    /// <summary>Magnitude; also of integers.</summary>
    Abs,

    /// <summary>The next whole number above; gradient zero.</summary>
    Ceil,

    /// <summary>Error function.</summary>
    Erf,

    /// <summary>e to the power of x.</summary>
    Exp,

    /// <summary>The next whole number below; gradient zero.</summary>
    Floor,

    /// <summary><c>x max(0, min(1, x / 6 + 1/2))</c>.</summary>
    HardSwish,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary><c>x tanh(softplus(x))</c>.</summary>
    Mish,

    /// <summary>Negative; also of integers.</summary>
    Neg,

    /// <summary>Negation of truth values.</summary>
    Not,

    /// <summary><c>1 / x</c>.</summary>
    Reciprocal,

    /// <summary>The nearest whole number, the even one of two; gradient zero.</summary>
    Round,

    /// <summary>-1, 0 or 1; also of integers; gradient zero.</summary>
    Sign,

    /// <summary><c>x / (1 + |x|)</c>.</summary>
    Softsign,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary><c>x sigmoid(x)</c>, also called SiLU.</summary>
    Swish,
}

/// <summary>One of the functions of each element alone that need no attributes.</summary>
/// <param name="Function">Which.</param>
public sealed record Pointwise(PointwiseFunction Function) : ElementwiseOperator
{
    /// <inheritdoc/>
    public override string Kind => Function.ToString();

    /// <inheritdoc/>
    public override bool IsDifferentiable => Function is not PointwiseFunction.Not;

    internal override DType InferDType(IReadOnlyList<DType> inputs, string node) => Function switch
    {
        PointwiseFunction.Not => OperatorTypes.One(inputs, node, DType.Bool),
        PointwiseFunction.Abs or PointwiseFunction.Neg or PointwiseFunction.Sign =>
            OperatorTypes.One(inputs, node, OperatorTypes.Numbers),
        _ => base.InferDType(inputs, node),
    };

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        return Function switch
        {
            PointwiseFunction.Abs => x.Abs(),
            PointwiseFunction.Ceil => x.Ceiling(),
            PointwiseFunction.Erf => x.Erf(),
            PointwiseFunction.Exp => x.Exp(),
            PointwiseFunction.Floor => x.Floor(),
            PointwiseFunction.HardSwish => x * x.Affine(1f / 6, 0.5f).Clamp(0, 1),
            PointwiseFunction.Log => x.Log(),
            PointwiseFunction.Mish => new UnaryOperation<MishFunction>(x).Apply(),
            PointwiseFunction.Neg => x.Negate(),
            PointwiseFunction.Not => x.Not(),
            PointwiseFunction.Reciprocal => x.Reciprocal(),
            PointwiseFunction.Round => x.Round(),
            PointwiseFunction.Sign => x.Sign(),
            PointwiseFunction.Softsign => new UnaryOperation<SoftsignFunction>(x).Apply(),
            PointwiseFunction.Sqrt => x.Sqrt(),
            _ => x * x.Sigmoid(),
        };
    }
}
