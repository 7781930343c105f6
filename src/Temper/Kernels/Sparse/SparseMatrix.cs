using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Nonzero weights of a fully connected layer, stored per output with the indices of their inputs. For few rows: each
/// weight is one multiplication per row. Shared by threads.
/// </summary>
internal sealed unsafe class SparseMatrix
{
    /// <summary>Minimum number of weights for a separate task.</summary>
    private const int TaskWeights = 16 * 1024;

    private readonly int _outputs;
    private readonly int _inputs;
    private readonly int _tasks;
    private readonly PinnedFloats _weights;

    /// <summary>Input index of each weight, followed by the start of each output's weights.</summary>
    private readonly PinnedFloats _indices;

    /// <summary>Collects the nonzero weights.</summary>
    /// <param name="weight"><c>[O, I]</c>.</param>
    /// <param name="outputs">Number of outputs, O.</param>
    /// <param name="inputs">Number of inputs, I.</param>
    internal SparseMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
    {
        (_outputs, _inputs) = (outputs, inputs);
        int count = weight.Length - weight.Count(0f);
        _tasks = Math.Clamp(Chunks.Count(count, TaskWeights), 1, Math.Max(outputs, 1));
        _weights = new PinnedFloats(count);
        _indices = new PinnedFloats((long)count + outputs + 1);
        int* indices = (int*)_indices.Pointer, starts = indices + count;
        int at = 0;
        for (int output = 0; output < outputs; output++)
        {
            ReadOnlySpan<float> line = weight.Slice(output * inputs, inputs);
            starts[output] = at;
            for (int input = 0; input < inputs; input++)
            {
                if (line[input] != 0)
                {
                    _weights.Pointer[at] = line[input];
                    indices[at++] = input;
                }
            }
        }

        starts[outputs] = at;
    }

    /// <summary>Size of weights and indices, in floats.</summary>
    internal long WeightFloats => (long)_weights.Count + _indices.Count;

    /// <summary>Computes <c>y = x Wᵀ + b</c> for each row. Allocates nothing.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="x"><c>[rows, I]</c>.</param>
    /// <param name="y">Receives <c>[rows, O]</c>.</param>
    /// <param name="tail">Bias and ReLU; a residual is not supported.</param>
    internal void Run(int rows, FloatAddress x, FloatAddress y, in LayerTail tail)
    {
        var job = new Job
        {
            Weights = _weights.Pointer, Indices = (int*)_indices.Pointer,
            Starts = (int*)_indices.Pointer + _weights.Count,
            Inputs = _inputs, Outputs = _outputs, Tasks = _tasks, X = x.Pointer, Y = y.Pointer,
            Bias = tail.Bias is null ? null : tail.Bias.Pointer, Floor = tail.Relu ? 0 : float.NegativeInfinity,
        };
        WorkerPool.Current.Run(&Task, &job, rows * _tasks);
        GC.KeepAlive(this);
        GC.KeepAlive(tail.Bias);
    }

    private static void Task(void* state, int number)
    {
        ref Job job = ref *(Job*)state;
        (int row, int part) = Math.DivRem(number, job.Tasks);
        int first = (int)((long)job.Outputs * part / job.Tasks),
            last = (int)((long)job.Outputs * (part + 1) / job.Tasks);
        float* x = job.X + ((long)row * job.Inputs), y = job.Y + ((long)row * job.Outputs);
        for (int output = first; output < last; output++)
        {
            float sum = Dot(job.Weights, job.Indices, job.Starts[output], job.Starts[output + 1], x);
            y[output] = MathF.Max(sum + (job.Bias == null ? 0 : job.Bias[output]), job.Floor);
        }
    }

    /// <summary>Computes a sparse dot product with four independent sums, to hide the latency of additions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* weights, int* indices, nint k, nint end, float* x)
    {
        float a = 0, b = 0, c = 0, d = 0;
        for (; k + 4 <= end; k += 4)
        {
            a = MathF.FusedMultiplyAdd(weights[k], x[indices[k]], a);
            b = MathF.FusedMultiplyAdd(weights[k + 1], x[indices[k + 1]], b);
            c = MathF.FusedMultiplyAdd(weights[k + 2], x[indices[k + 2]], c);
            d = MathF.FusedMultiplyAdd(weights[k + 3], x[indices[k + 3]], d);
        }

        for (; k < end; k++)
        {
            a = MathF.FusedMultiplyAdd(weights[k], x[indices[k]], a);
        }

        return a + b + (c + d);
    }

    private struct Job
    {
        internal float* Weights;
        internal int* Indices;
        internal int* Starts;
        internal int Inputs;
        internal int Outputs;

        /// <summary>Number of tasks per row.</summary>
        internal int Tasks;
        internal float* X;
        internal float* Y;
        internal float* Bias;
        internal float Floor;
    }
}
