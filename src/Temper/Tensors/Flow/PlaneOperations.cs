using System.Numerics;
using Temper.Kernels.Flow;

namespace Temper.Tensors.Flow;

/// <summary>Differentiable operations on planes. Each records its own backward step.</summary>
internal static class PlaneOperations
{
    internal static (PlaneValue<T> X, PlaneValue<T> Y) Gradient<T>(this PlaneTape<T> tape, PlaneValue<T> image)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> x = tape.New(image.Size, image.IsFollowed), y = tape.New(image.Size, image.IsFollowed);
        PlaneFilters.CentralGradient(image.Values, x.Values, y.Values);
        tape.Record(() =>
        {
            if (tape.GradientOf(image) is { } to && (x.Gradient ?? y.Gradient) is not null)
            {
                PlaneFilters.CentralGradientAdjoint(tape.Sink(x), tape.Sink(y), to);
            }
        });
        return (x, y);
    }

    internal static PlaneValue<T> Filter<T>(this PlaneTape<T> tape, PlaneValue<T> image, T[] taps)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> result = tape.New(image.Size, image.IsFollowed);
        Plane<T> scratch = tape.Rent(image.Size);
        PlaneFilters.Separable(image.Values, taps, scratch, result.Values);
        tape.Return(scratch);
        tape.Record(() =>
        {
            if (tape.GradientOf(image) is { } to && result.Gradient is { } from)
            {
                Plane<T> scratch0 = tape.Rent(image.Size);
                PlaneFilters.SeparableAdjoint(from, taps, scratch0, to);
                tape.Return(scratch0);
            }
        });
        return result;
    }

    internal static PlaneValue<T> Resize<T>(
        this PlaneTape<T> tape, PlaneValue<T> image, PlaneSize size, double factor = 1)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> result = tape.New(size, image.IsFollowed);
        T scale = T.CreateChecked(factor);
        PlaneSampling.Resize(image.Values, result.Values, scale);
        tape.Record(() =>
        {
            if (tape.GradientOf(image) is { } to && result.Gradient is { } from)
            {
                PlaneSampling.ResizeAdjoint(from, to, scale);
            }
        });
        return result;
    }

    internal static PlaneValue<T> Warp<T>(this PlaneTape<T> tape, PlaneValue<T> image, PlaneValue<T> u, PlaneValue<T> v)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> result = tape.New(image.Size, image.IsFollowed || u.IsFollowed);
        PlaneSampling.Warp(image.Values, u.Values, v.Values, result.Values);
        tape.Record(() =>
        {
            if (result.Gradient is { } from)
            {
                PlaneSampling.WarpAdjoint(
                    image.Values, u.Values, v.Values, from, tape.GradientOf(image), tape.GradientOf(u),
                    tape.GradientOf(v));
            }
        });
        return result;
    }

    /// <summary>Computes <c>warped - first - gx u - gy v</c>.</summary>
    internal static PlaneValue<T> Residual<T>(
        this PlaneTape<T> tape, PlaneValue<T> warped, PlaneValue<T> first, (PlaneValue<T> X, PlaneValue<T> Y) g,
        PlaneValue<T> u, PlaneValue<T> v)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> result = tape.New(first.Size);
        Residuals<T>.Forward(warped.Values, first.Values, g.X.Values, g.Y.Values, u.Values, v.Values, result.Values);
        tape.Record(() =>
        {
            if (result.Gradient is not { } from)
            {
                return;
            }

            tape.GradientOf(warped)?.Add(from, T.One);
            tape.GradientOf(first)?.Add(from, -T.One);
            Subtract(from, u, g.X);
            Subtract(from, v, g.Y);
            Subtract(from, g.X, u);
            Subtract(from, g.Y, v);

            void Subtract(Plane<T> d, PlaneValue<T> factor, PlaneValue<T> to)
            {
                if (tape.GradientOf(to) is { } sum)
                {
                    Residuals<T>.SubtractProduct(d, factor.Values, sum);
                }
            }
        });
        return result;
    }

    /// <summary>Computes <c>a - b</c>.</summary>
    internal static PlaneValue<T> Difference<T>(this PlaneTape<T> tape, PlaneValue<T> a, PlaneValue<T> b)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        PlaneValue<T> result = tape.New(a.Size);
        result.Values.CopyFrom(a.Values);
        result.Values.Add(b.Values, -T.One);
        tape.Record(() =>
        {
            if (result.Gradient is { } from)
            {
                tape.GradientOf(a)?.Add(from, T.One);
                tape.GradientOf(b)?.Add(from, -T.One);
            }
        });
        return result;
    }
}
