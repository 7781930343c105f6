using Temper.Parallelism.Collectives;
using Xunit;

namespace Temper.Parallelism.Tests.Collectives;

/// <summary>
/// Contract of the collectives on threads. The end-to-end tests run the same check with MPI by
/// <c>temper doctor --mpi</c>.
/// </summary>
public sealed class InProcessGroupTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Every_call_gives_what_it_should(int ranks) => Assert.All(InProcessGroup.Run(ranks, CollectivesCheck.Run), Assert.Empty);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void All_reduce_sends_what_a_ring_sends(int ranks)
    {
        const int Length = 1201;
        long sent = InProcessGroup.Run(ranks, group =>
        {
            group.AllReduce(new float[Length]);
            return group.BytesSent;
        }).Sum();
        Assert.Equal(2L * (ranks - 1) * Length * sizeof(float), sent);
    }

    [Fact]
    public void Rank_that_fails_is_named_and_stops_the_others()
    {
        RankFailedException error = Assert.Throws<RankFailedException>(() => InProcessGroup.Run(3, group =>
        {
            using Communicator all = group.Split(0);
            return group.Rank == 1 ? throw new InvalidOperationException("out of paper") : Wait(all);
        }));
        Assert.Equal("rank 1 of 3: out of paper", error.Message);

        static int Wait(Communicator group)
        {
            group.Barrier();
            return 0;
        }
    }

    [Fact]
    public void Lengths_that_do_not_match_are_refused() => Assert.Contains(
        "a different number of values",
        Assert.Throws<RankFailedException>(() => InProcessGroup.Run(2, group =>
        {
            group.SendReceive(new float[2], 1 - group.Rank, new float[3], 1 - group.Rank);
            return 0;
        })).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_SIZE=4", 2, 8, 4, false)]
    [InlineData("PMI_RANK=0 PMI_SIZE=2", 0, 2, 2, true)]
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_LOCAL_SIZE=9", 0, 1, 1, false)]
    public void Launch_is_read_from_the_variables_of_the_launcher(string variables, int rank, int size, int local, bool isMpich)
    {
        Dictionary<string, string> values = variables.Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(new MpiLaunch(rank, size, local, isMpich), MpiLaunch.Of(values.GetValueOrDefault));
    }

    [Theory]
    [InlineData("")]
    [InlineData("PMI_RANK=2 PMI_SIZE=2")]
    [InlineData("OMPI_COMM_WORLD_RANK=x OMPI_COMM_WORLD_SIZE=2")]
    public void Anything_else_is_no_launch(string variables)
    {
        Dictionary<string, string> values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Null(MpiLaunch.Of(values.GetValueOrDefault));
    }
}
