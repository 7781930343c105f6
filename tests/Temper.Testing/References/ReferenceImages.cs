namespace Temper.Testing.References;

/// <summary>Reference implementations of convolution and pooling over [N, C, H, W], window by window.</summary>
public static class ReferenceImages
{
    /// <summary>
    /// y[n, o, i, j] = b[o] + Σ x[n, c, i s + k d - p, ...] w[o, c, k, l] over the channels of o's group.
    /// </summary>
    public static Grid Conv2d(Grid x, Grid w, Grid? bias, Window window)
    {
        (int outputs, int inputs) = (w.Lengths[0] / window.Groups, w.Lengths[1]);
        int[] lengths = [x.Lengths[0], w.Lengths[0], window.Rows(x.Lengths[2]), window.Columns(x.Lengths[3])];
        return Grid.Of(lengths, at =>
        {
            double sum = bias?[at[1]] ?? 0;
            foreach ((int k, int l, int h, int v) in window.Positions(at[2], at[3], x.Lengths[2], x.Lengths[3]))
            {
                for (int c = 0; c < inputs; c++)
                {
                    sum += x[at[0], (at[1] / outputs * inputs) + c, h, v] * w[at[1], c, k, l];
                }
            }

            return sum;
        });
    }

    /// <summary>
    /// Adds the kernel, scaled by each input pixel, to the output window that starts at that pixel; crops the padding.
    /// </summary>
    public static Grid ConvTranspose2d(Grid x, Grid w, Grid? bias, Window window, (int Height, int Width) extra)
    {
        (int inputs, int outputs) = (w.Lengths[0] / window.Groups, w.Lengths[1]);
        int height = ((x.Lengths[2] - 1) * window.Stride.Y) + ((window.Kernel.Y - 1) * window.Dilation.Y) + 1 + extra.Height - window.Top - window.Bottom;
        int width = ((x.Lengths[3] - 1) * window.Stride.X) + ((window.Kernel.X - 1) * window.Dilation.X) + 1 + extra.Width - window.Left - window.Right;
        Grid y = Grid.Of([x.Lengths[0], outputs * window.Groups, height, width], at => bias?[at[1]] ?? 0);
        foreach (int[] at in Grid.Indices(x.Lengths))
        {
            foreach ((int k, int l, int h, int v) in window.Positions(at[2], at[3], height, width))
            {
                for (int o = 0; o < outputs; o++)
                {
                    y.AddAt(x[at] * w[at[1], o, k, l], at[0], (at[1] / inputs * outputs) + o, h, v);
                }
            }
        }

        return y;
    }

    public static Grid MaxPool2d(Grid x, Window window) => Pool(x, window, (values, _) => values.Max());

    /// <summary>Divides by the size of the window inside the padded image, or inside the image.</summary>
    public static Grid AvgPool2d(Grid x, Window window, bool countsPadding) =>
        Pool(x, window, (values, padded) => values.Sum() / (countsPadding ? padded : values.Length));

    /// <summary>Output i averages positions ⌊i L / n⌋ to ⌈(i + 1) L / n⌉, exclusive.</summary>
    public static Grid AdaptiveAvgPool2d(Grid x, int height, int width) =>
        Grid.Of([x.Lengths[0], x.Lengths[1], height, width], at =>
        {
            (int h, int w) = (x.Lengths[2], x.Lengths[3]);
            List<double> values = [];
            for (int i = at[2] * h / height; i < (int)Math.Ceiling((at[2] + 1) * (double)h / height); i++)
            for (int j = at[3] * w / width; j < (int)Math.Ceiling((at[3] + 1) * (double)w / width); j++)
            {
                values.Add(x[at[0], at[1], i, j]);
            }

            return values.Average();
        });

    private static Grid Pool(Grid x, Window window, Func<double[], int, double> f)
    {
        (int h, int w) = (x.Lengths[2], x.Lengths[3]);
        return Grid.Of([x.Lengths[0], x.Lengths[1], window.Rows(h), window.Columns(w)], at =>
        {
            int rows = Math.Min(window.Kernel.Y, h + window.Top + window.Bottom - (at[2] * window.Stride.Y));
            int columns = Math.Min(window.Kernel.X, w + window.Left + window.Right - (at[3] * window.Stride.X));
            return f([.. window.Positions(at[2], at[3], h, w).Select(tap => x[at[0], at[1], tap.H, tap.W])], rows * columns);
        });
    }
}

/// <summary>A window that slides over an image.</summary>
public sealed record Window((int Y, int X) Kernel)
{
    public (int Y, int X) Stride { get; init; } = (1, 1);

    public (int Y, int X) Dilation { get; init; } = (1, 1);

    public int Top { get; init; }

    public int Left { get; init; }

    public int Bottom { get; init; }

    public int Right { get; init; }

    public int Groups { get; init; } = 1;

    public bool Ceiling { get; init; }

    public int Rows(int height) => Count(height, Top, Bottom, Kernel.Y, Stride.Y, Dilation.Y);

    public int Columns(int width) => Count(width, Left, Right, Kernel.X, Stride.X, Dilation.X);

    /// <summary>
    /// Returns the taps (k, l) of the window at (row, column), with the pixels (h, w) under them; omits taps in the
    /// padding.
    /// </summary>
    public IEnumerable<(int K, int L, int H, int W)> Positions(int row, int column, int height, int width)
    {
        for (int k = 0; k < Kernel.Y; k++)
        for (int l = 0; l < Kernel.X; l++)
        {
            int h = (row * Stride.Y) + (k * Dilation.Y) - Top;
            int w = (column * Stride.X) + (l * Dilation.X) - Left;
            if (h >= 0 && h < height && w >= 0 && w < width)
            {
                yield return (k, l, h, w);
            }
        }
    }

    /// <summary>
    /// Returns the number of window positions. With ceiling mode a partial window counts if it starts before the far
    /// padding.
    /// </summary>
    private int Count(int length, int before, int after, int kernel, int stride, int dilation)
    {
        int reach = ((kernel - 1) * dilation) + 1;
        int count = 0;
        for (int start = 0; start + reach <= length + before + after; start += stride)
        {
            count++;
        }

        bool isPartial = count > 0 && ((count - 1) * stride) + reach < length + before + after;
        return Ceiling && isPartial && count * stride < length + before ? count + 1 : count;
    }
}
