using Temper.Kernels;

namespace Temper.Robustness.Attacks;

/// <summary>Sends the queries of several searches to a target as one batch and distributes the results.</summary>
internal sealed class QueryBatch(AttackTarget target, int window)
{
    private readonly int _size = target.SampleShape.Count;
    private readonly float[] _x = new float[window * target.SampleShape.Count];
    private readonly float[] _gradient = new float[window * target.SampleShape.Count];
    private readonly float[] _logits = new float[window * target.Classes];
    private readonly List<AttackRunner.Running> _group = new(window);

    internal void Answer(List<AttackRunner.Running> active)
    {
        Answer(active, Ask.Scores);
        Answer(active, Ask.Gradient);
    }

    private void Answer(List<AttackRunner.Running> active, Ask ask)
    {
        _group.Clear();
        _group.AddRange(active.Where(running => running.Ask == ask));
        if (_group.Count == 0)
        {
            return;
        }

        for (int row = 0; row < _group.Count; row++)
        {
            _group[row].Search.X.CopyTo(_x, row * _size);
        }

        // The last batches are smaller than the window; a target sees only their rows.
        ReadOnlySpan<float> x = _x.AsSpan(0, _group.Count * _size);
        Span<float> logits = _logits.AsSpan(0, _group.Count * target.Classes);
        if (ask == Ask.Scores)
        {
            target.Scores(x, _group.Count, logits);
        }
        else
        {
            target.Gradient(
                x, _group.Count, logits, (row, z, dz) => _group[row].Search.Loss.Evaluate(z, dz),
                _gradient.AsSpan(0, x.Length));
        }

        WorkerPool.Current.Run(new HandOut(this, ask), _group.Count);
    }

    private sealed class HandOut(QueryBatch batch, Ask ask) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            Search search = batch._group[task].Search;
            batch._logits.AsSpan(task * search.Classes, search.Classes).CopyTo(search.Logits);
            if (ask == Ask.Gradient)
            {
                batch._gradient.AsSpan(task * batch._size, batch._size).CopyTo(search.Gradient);
            }

            search.Take(ask);
        }
    }
}
