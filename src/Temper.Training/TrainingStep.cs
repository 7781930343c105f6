using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>One step: forward, backward, terms, clipping, optimizer, all on the trainer's own copy.</summary>
internal sealed class TrainingStep
{
    private readonly TrainingState _state;
    private readonly TrainingOptions _options;
    private readonly RandomStream _dropout;
    private readonly Parameter[] _parameters;
    private readonly ParameterGroup[] _groups;
    private readonly int[] _trained;
    private readonly Tensor[] _sources;
    private readonly float[][] _accumulated;
    private readonly Tensor[] _gradients;

    /// <summary>Batches added up since the last step, a smaller one as the part that it is.</summary>
    private float _held;
    private int _batches;

    internal TrainingStep(TrainingState state, TrainingOptions options, RandomStream dropout)
    {
        (_state, _options, _dropout) = (state, options, dropout);
        _parameters = [.. state.Network.Parameters];
        _groups = [.. _parameters.Select(p => ParameterGroup.Resolve(options.Groups, p))];
        _trained = [.. Enumerable.Range(0, _parameters.Length).Where(i => !_groups[i].IsFrozen)];
        _sources = [.. _trained.Select(i => _parameters[i].Value)];
        _gradients = new Tensor[_sources.Length];
        _accumulated = options.Accumulation > 1 ? [.. _sources.Select(s => new float[s.Count])] : [];
        if (_trained.Length == 0)
        {
            throw new ArgumentException(
                $"Trainer: no parameter can be trained (got {_parameters.Length} frozen ones); free some of them", nameof(options));
        }
    }

    /// <summary>Trains on one batch.</summary>
    /// <param name="batch">Inputs and targets.</param>
    /// <param name="epoch">Where in training, in epochs, for the schedule: of the first of the batches that make a step.</param>
    /// <param name="isLast">Whether no further batch follows to be averaged with.</param>
    internal void Run(Batch batch, double epoch, bool isLast)
    {
        float factor = (float)_options.Schedule.Factor(epoch, _options.Epochs);
        using var tape = new GradientTape();
        foreach (Tensor source in _sources)
        {
            tape.Watch(source);
        }

        Pass pass = Pass.Training(_dropout.Split(_state.Epoch).Split(batch.Index));
        Tensor output = _state.Network.Forward(batch.Inputs, pass);
        Tensor loss = _options.Loss.Value(output, batch.Targets);
        float value = loss.ToScalar();
        if (!float.IsFinite(value))
        {
            throw new TrainingDivergedException(_state.Step, value, _options.Optimizer.LearningRate * factor);
        }

        IReadOnlyList<Tensor> gradients = tape.Gradient(loss, _sources).Gradients;
        for (int i = 0; i < _gradients.Length; i++)
        {
            _gradients[i] = gradients[i].ToRowMajor();
        }

        Count(batch, output, value);
        if (_accumulated.Length == 0)
        {
            Update(factor, scale: 1);
        }
        else if (Accumulate((float)batch.Inputs.Shape[0] / _options.BatchSize, isLast))
        {
            Update(factor, scale: 1 / _held);
            (_held, _batches) = (0, 0);
        }

        Array.Clear(_gradients);
        BatchStatisticsUpdate.Apply(_state.Network, pass);
    }

    private void Count(Batch batch, Tensor output, float loss)
    {
        int samples = batch.Inputs.Shape[0];
        _state.LossSum += (double)loss * samples;
        _state.Samples += samples;
        _state.Correct += _options.Loss.CountCorrect(output, batch.Targets);
    }

    /// <summary>Adds gradients up, a smaller batch with less weight; true when it is time for a step.</summary>
    private bool Accumulate(float weight, bool isLast)
    {
        for (int i = 0; i < _gradients.Length; i++)
        {
            if (_batches == 0)
            {
                Array.Clear(_accumulated[i]);
            }

            Kernels.Elementwise.Accumulate(weight, _gradients[i].Physical(), _accumulated[i]);
        }

        _held += weight;
        return ++_batches == _options.Accumulation || isLast;
    }

    private void Update(float rate, float scale)
    {
        double terms = AddTerms(scale, out double squares);
        if (!double.IsFinite(terms))
        {
            throw new TrainingDivergedException(_state.Step, (float)terms, _options.Optimizer.LearningRate * rate);
        }

        float clip = _options.Clipping?.ScaleFor(squares) ?? 1;
        for (int i = 0; i < _trained.Length; i++)
        {
            int p = _trained[i];
            Parameter parameter = _parameters[p];
            var update = new ParameterUpdate
            {
                Value = parameter.Value.Writable(),
                Gradient = GradientOf(i),
                Mask = parameter.Mask is null ? default : parameter.Mask.Physical(),
                RateFactor = rate * _groups[p].RateFactor,
                GradientScale = clip,
                WeightDecay = _groups[p].WeightDecay,
            };
            _options.Optimizer.Step(update, _state.Optimizer[p]);
            parameter.Value.Storage.MarkWritten();
            _options.Average?.Update(_state.Average[p], parameter.Value.Physical(), _state.Step);
        }

        _state.Terms = terms;
        _state.LearningRate = _options.Optimizer.LearningRate * rate;
        _state.Step++;
    }

    /// <summary>Makes the mean of the gradients, adds the terms' and bounds each element; gives the terms' value.</summary>
    private double AddTerms(float scale, out double squares)
    {
        squares = 0;
        double terms = 0;
        for (int i = 0; i < _trained.Length; i++)
        {
            Span<float> gradient = GradientOf(i);
            if (scale != 1)
            {
                System.Numerics.Tensors.TensorPrimitives.Multiply(gradient, scale, gradient);
            }

            Parameter parameter = _parameters[_trained[i]];
            for (int term = 0; term < _options.Terms.Count; term++)
            {
                terms += _options.Terms[term].AddGradient(parameter, parameter.Value.Physical(), gradient);
            }

            _options.Clipping?.ClipValues(gradient);
            squares += _options.Clipping?.MaxNorm is null ? 0 : GradientClipping.SumOfSquares(gradient);
        }

        return terms;
    }

    /// <summary>The gradient of one trained parameter, to be written: nobody else holds it once the backward pass is over.</summary>
    private Span<float> GradientOf(int index) => _accumulated.Length > 0 ? _accumulated[index] : _gradients[index].Writable();
}
