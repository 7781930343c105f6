using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.Pipeline;

/// <summary>Computes the value of a regularizer on a network.</summary>
internal static class RegularizerValue
{
    internal static double Of(IRegularizer regularizer, Network network)
    {
        double sum = 0;
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.IsTrainable))
        {
            int count = regularizer.SumCount(parameter);
            if (count > 0)
            {
                double[] sums = new double[count];
                float[] values = parameter.Value.ToArray<float>();
                regularizer.AddSums(new WeightBlock { Parameter = parameter, Start = 0, Weights = values }, sums);
                sum += regularizer.Value(parameter, sums);
            }
        }

        return sum;
    }
}
