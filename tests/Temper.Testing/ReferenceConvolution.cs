namespace Temper.Testing;

/// <summary>Reference convolution of channels-last images: the index triples of all products, in plain loops.</summary>
public static class ReferenceConvolution
{
    /// <summary>Calls <paramref name="visit"/> with the (input, weight, output) indices of every product.</summary>
    public static void Visit(ReferenceGeometry g, Action<int, int, int> visit)
    {
        int inputs = g.InChannels / g.Groups, outputs = g.OutChannels / g.Groups;
        for (int n = 0; n < g.Batch; n++)
        for (int oh = 0; oh < g.OutHeight; oh++)
        for (int ow = 0; ow < g.OutWidth; ow++)
        for (int kh = 0; kh < g.KernelHeight; kh++)
        for (int kw = 0; kw < g.KernelWidth; kw++)
        {
            int h = (oh * g.StrideHeight) + (kh * g.DilationHeight) - g.PadTop;
            int w = (ow * g.StrideWidth) + (kw * g.DilationWidth) - g.PadLeft;
            if (h < 0 || h >= g.InHeight || w < 0 || w >= g.InWidth)
            {
                continue;
            }

            for (int o = 0; o < g.OutChannels; o++)
            for (int i = 0; i < inputs; i++)
            {
                int channel = (o / outputs * inputs) + i;
                visit(
                    (((((n * g.InHeight) + h) * g.InWidth) + w) * g.InChannels) + channel,
                    (((((o * inputs) + i) * g.KernelHeight) + kh) * g.KernelWidth) + kw,
                    (((((n * g.OutHeight) + oh) * g.OutWidth) + ow) * g.OutChannels) + o);
            }
        }
    }
}

/// <summary>Sizes of a convolution.</summary>
public sealed record ReferenceGeometry(
    int Batch, int InHeight, int InWidth, int InChannels, int OutChannels, int KernelHeight, int KernelWidth,
    int StrideHeight, int StrideWidth, int PadTop, int PadLeft, int PadBottom, int PadRight, int DilationHeight, int DilationWidth, int Groups)
{
    public int OutHeight => (InHeight + PadTop + PadBottom - ((KernelHeight - 1) * DilationHeight) - 1) / StrideHeight + 1;

    public int OutWidth => (InWidth + PadLeft + PadRight - ((KernelWidth - 1) * DilationWidth) - 1) / StrideWidth + 1;
}
