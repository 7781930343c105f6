using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Measures a proxy on held-out steps: fraction of correct classes, R2 of values, or fraction of next frames that
/// are entirely right.
/// </summary>
internal sealed class ProxyFidelity
{
    private const int LargestBatch = 256;

    private double _right, _error, _sum, _squares;
    private int _count;

    internal static (string Name, double Value) Measure(ProxyGoal goal, ProxyData data, Network network, int[] steps)
    {
        Dataset part = data.Part("held-out steps", steps);
        var fidelity = new ProxyFidelity();
        float[] target = new float[data.Labels is null ? data.TargetLength : 1];
        int size = part.SampleShape.Count;
        for (int start = 0; start < part.Count; start += LargestBatch)
        {
            int rows = Math.Min(LargestBatch, part.Count - start);
            float[] stacks = new float[rows * size];
            for (int i = 0; i < rows; i++)
            {
                part.CopySample(start + i, stacks.AsSpan(i * size, size));
            }

            Tensor output = network.Forward(Tensor.From(stacks, [rows, .. part.SampleShape.AsSpan()]));
            for (int i = 0; i < rows; i++)
            {
                if (data.Labels is null)
                {
                    part.CopyTarget(start + i, target);
                }
                else
                {
                    target[0] = part.Label(start + i);
                }

                fidelity.Add(goal, output.AsSpan<float>().Slice(i * data.Outputs, data.Outputs), target);
            }
        }

        return fidelity.Result(goal);
    }

    private void Add(ProxyGoal goal, ReadOnlySpan<float> output, ReadOnlySpan<float> target)
    {
        _count++;
        switch (goal)
        {
            case ProxyGoal.Value:
                (_error, _sum, _squares) =
                    (_error + Math.Pow(output[0] - target[0], 2), _sum + target[0], _squares + Math.Pow(target[0], 2));
                break;
            case ProxyGoal.Cells:
                _right += IsWhole(output, target) ? 1 : 0;
                break;
            default:
                ReadOnlySpan<float> classes = goal == ProxyGoal.ClassesAndValue ? output[..^1] : output;
                _right += TensorPrimitives.IndexOfMax(classes) == (int)target[0] ? 1 : 0;
                break;
        }
    }

    private (string, double) Result(ProxyGoal goal)
    {
        double variance = _squares - (_sum * _sum / _count);
        return goal switch
        {
            ProxyGoal.Value => ("R2", variance > 0 ? 1 - (_error / variance) : double.NaN),
            ProxyGoal.Cells => ("next frames exactly right", _right / _count),
            _ => ("agreement", _right / _count),
        };
    }

    private static bool IsWhole(ReadOnlySpan<float> logits, ReadOnlySpan<float> target)
    {
        for (int i = 0; i < target.Length; i++)
        {
            if (logits[i] > 0 != target[i] > 0.5f)
            {
                return false;
            }
        }

        return true;
    }
}
