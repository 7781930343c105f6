namespace Temper.Testing.References;

/// <summary>Double-precision array in row-major order, used by the reference implementations.</summary>
public sealed class Grid
{
    /// <summary>Wraps the values without copying them.</summary>
    public Grid(int[] lengths, double[] values) => (Lengths, Values) = (lengths, values);

    public int[] Lengths { get; }

    public double[] Values { get; }

    public int Rank => Lengths.Length;

    public double this[params ReadOnlySpan<int> at] => Values[IndexOf(at)];

    /// <summary>Creates an array by calling <paramref name="value"/> for every index, in row-major order.</summary>
    public static Grid Of(int[] lengths, Func<int[], double> value) => new(lengths, [.. Indices(lengths).Select(value)]);

    public static Grid Zeros(params int[] lengths) => Of(lengths, _ => 0);

    public static Grid Scalar(double value) => new([], [value]);

    /// <summary>Returns every index of an array; the last axis varies fastest.</summary>
    public static IEnumerable<int[]> Indices(int[] lengths)
    {
        int count = lengths.Aggregate(1, (product, length) => product * length);
        for (int place = 0; place < count; place++)
        {
            int[] at = new int[lengths.Length];
            int rest = place;
            for (int axis = lengths.Length - 1; axis >= 0; axis--)
            {
                (rest, at[axis]) = (rest / lengths[axis], rest % lengths[axis]);
            }

            yield return at;
        }
    }

    public void AddAt(double value, params ReadOnlySpan<int> at) => Values[IndexOf(at)] += value;

    /// <summary>
    /// Returns the element that broadcasting repeats at index <paramref name="at"/> of a larger shape.
    /// </summary>
    public double Repeated(int[] at)
    {
        int[] own = at[^Rank..];
        for (int axis = 0; axis < Rank; axis++)
        {
            own[axis] = Lengths[axis] == 1 ? 0 : own[axis];
        }

        return this[own];
    }

    public Grid Map(Func<double, double> f) => new(Lengths, [.. Values.Select(f)]);

    private int IndexOf(ReadOnlySpan<int> at)
    {
        int place = 0;
        for (int axis = 0; axis < Rank; axis++)
        {
            place = at[axis] < Lengths[axis]
                ? (place * Lengths[axis]) + at[axis]
                : throw new ArgumentOutOfRangeException(nameof(at), $"Grid: no such place on axis {axis} (got {at[axis]}, expected below {Lengths[axis]})");
        }

        return place;
    }
}
